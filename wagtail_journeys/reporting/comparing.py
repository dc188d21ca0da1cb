"""How the variants of an email do: the share of emails that were followed by the goal, or by a click; how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys import intervals
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion, VariantWinner
from wagtail_journeys.campaigns.steps import variants
from wagtail_journeys.reporting.campaigns import Counted, StepNumbers
from wagtail_journeys.reporting.sentences import StepWords
from wagtail_journeys.reporting.shown import Link, Number, number

REACHED = {
    variants.CONVERTED: _("converted after it"),
    variants.CLICKED: _("clicked by a person"),
}


@dataclass(frozen=True)
class Line:
    """One variant. ``rate`` and ``low`` to ``high``, its 95 % interval, are percentages in words; "" without any email."""

    label: str
    weight: int
    sent: Number
    reached: Number
    rate: str
    low: str
    high: str
    won: bool


@dataclass(frozen=True)
class Comparison:
    """The variants of one step, and in words what can be said about them."""

    step: str
    measure: str
    lines: list[Line]
    conclusion: str
    plan: str


def comparisons(
    campaign: Campaign,
    graph: dict[str, Any],
    words: Mapping[str, StepWords],
    counted: Mapping[str, StepNumbers],
    link: Link,
) -> list[Comparison]:
    """One for each step of the graph that has variants. One statement, if there is any."""
    steps = {
        step_id: node["params"]
        for step_id, node in graph["nodes"].items()
        if node["type"] == "send_email" and node["params"].get("variants")
    }
    if not steps:
        return []
    decided = {
        (winner.step_id, winner.experiment): winner
        for winner in VariantWinner.objects.filter(campaign=campaign)
    }
    return [
        _comparison(
            step_id,
            params,
            words[step_id].text,
            counted.get(step_id) or StepNumbers(),
            decided.get((step_id, variants.experiment(params))),
            link,
        )
        for step_id, params in steps.items()
    ]


def _comparison(
    step_id: str,
    params: dict[str, Any],
    step: str,
    found: StepNumbers,
    decided: VariantWinner | None,
    link: Link,
) -> Comparison:
    results: dict[str, tuple[int, int]] = {}
    labels: dict[str, str] = {}
    measure = variants.measure(params)
    lines = []
    for item in variants.items_of(params):
        key = str(item["id"])[:40]
        numbers = found.variants.get(key) or {}
        sent, reached = numbers.get("sent", 0), numbers.get(measure, 0)
        results[key], labels[key] = (reached, sent), item["value"].get("label") or "…"
        low, high = intervals.wilson(reached, sent)
        lines.append(
            Line(
                labels[key],
                int(item["value"].get("weight") or 0),
                number(_t("sent"), sent, Counted("message-sent", step_id, variant=key), link),
                number(REACHED[measure], reached, Counted(f"message-{measure}", step_id, variant=key), link),
                percentage(reached / sent) if sent else "",
                percentage(low) if sent else "",
                percentage(high) if sent else "",
                decided is not None and bool(decided.variant) and decided.variant[:40] == key,
            )
        )
    return Comparison(
        step, str(REACHED[measure]).capitalize(), lines, _conclusion(results, labels), _plan(params, decided)
    )


def _conclusion(results: Mapping[str, tuple[int, int]], labels: Mapping[str, str]) -> str:
    if not any(sent for _reached, sent in results.values()):
        return _t("None of them has been sent yet.")
    leader = intervals.clear_winner(results)
    if not leader:
        return _t("No difference can be told from chance (95 %).")
    ranked = sorted(results, key=lambda key: results[key][0] / results[key][1], reverse=True)
    low, high = intervals.newcombe(results[leader], results[ranked[1]])
    return _t(
        "“%(leader)s” does better than “%(second)s”: by %(low)s to %(high)s percentage points (95 %%). That holds for one "
        "look at a moment chosen before; who looks every day until something wins finds winners by chance."
    ) % {
        "leader": labels[leader],
        "second": labels[ranked[1]],
        "low": number_format(max(low, 0) * 100, 1),
        "high": number_format(high * 100, 1),
    }


def _plan(params: dict[str, Any], decided: VariantWinner | None) -> str:
    """What becomes of the comparison, where the step asks for a winner."""
    if decided is not None:
        day = date_format(localtime(decided.decided_at), "j M Y, H:i T")
        if decided.variant:
            return _t("Compared on %(day)s: “%(winner)s” won, and everybody gets it since.") % {
                "day": day,
                "winner": decided.label,
            }
        return _t("Compared on %(day)s: none was certainly better, so they all stay.") % {"day": day}
    after = params.get("winner_after") or 0
    if params.get("winner") == "messages":
        return _t("A winner is looked for after %(number)s emails of each.") % {
            "number": number_format(after)
        }
    if params.get("winner") == "days":
        return _t("A winner is looked for %(number)s days after the first email.") % {
            "number": number_format(after)
        }
    return ""


def percentage(share: float) -> str:
    return _t("%s %%") % number_format(share * 100, 1)


def label_of(campaign: Campaign, step_id: str, variant: str) -> str:
    """The name of a variant in the newest version that has it."""
    graphs = (
        CampaignVersion.objects.filter(campaign=campaign).order_by("-number").values_list("graph", flat=True)
    )
    for graph in graphs.iterator():
        for item in variants.items_of((graph["nodes"].get(step_id) or {}).get("params") or {}):
            if str(item["id"])[:40] == variant:
                return str(item["value"].get("label") or "…")
    return _t("a variant that is gone")
