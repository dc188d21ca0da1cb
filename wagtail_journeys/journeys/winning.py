"""The end of a comparison of variants: decided once, at the moment that the step names, written down and told."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext as _t
from wagtail.log_actions import log

from wagtail_journeys import intervals
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion, VariantWinner
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.campaigns.steps import variants
from wagtail_journeys.emails import notices
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events import catalogue

DECIDED = "wagtail_journeys.variant_winner"

#: Sent messages of which a variant is proud, by what is compared: the journey reached its goal afterwards (which joins
#: ``visit__journey``), or a person followed a link.
REACHED = {
    variants.CONVERTED: Q(visit__journey__converted_at__gte=F("settled_at")),
    variants.CLICKED: Q(clicked=catalogue.HUMAN),
}


@dataclass(frozen=True)
class Asked:
    """A step whose variants are to be compared some time."""

    campaign: int
    step_id: str
    params: dict[str, Any]
    experiment: str


def look(now: datetime.datetime) -> int:
    """Decide the comparisons whose moment has come; returns how many. Two statements, and three for each that is open."""
    decided = 0
    for asked in _open():
        counted = _counted(asked)
        if _is_time(asked.params, counted, now):
            decided += _decide(asked, counted, now)
    return decided


def _open() -> Iterator[Asked]:
    rows = (
        CampaignVersion.objects.filter(pk__in=versions.newest())
        .filter(moving("campaign__"))
        .values_list("campaign", "pk")
    )
    found = [
        Asked(campaign, step_id, node["params"], variants.experiment(node["params"]))
        for campaign, version in rows
        for step_id, node in versions.graph(version)["nodes"].items()
        if node["type"] == "send_email" and node["params"].get("winner") and node["params"].get("variants")
    ]
    if not found:
        return
    over = set(
        VariantWinner.objects.filter(campaign__in={asked.campaign for asked in found}).values_list(
            "campaign", "step_id", "experiment"
        )
    )
    yield from (a for a in found if (a.campaign, a.step_id, a.experiment) not in over)


def _counted(asked: Asked) -> list[dict[str, Any]]:
    """Of each variant how many emails were sent, since when, and how many of them reached what is compared.

    Only in versions of the campaign that compared the same: what a variant was before it was edited does not count.
    """
    rows = (
        Message.objects.filter(
            campaign=asked.campaign,
            step_id=asked.step_id,
            state=Message.State.SENT,
            visit__version__in=_versions(asked),
        )
        .order_by()
        .values("variant")
        .annotate(
            sent=Count("pk"),
            first=Min("settled_at"),
            reached=Count("pk", filter=REACHED[variants.measure(asked.params)]),
        )
    )
    by_variant = {row["variant"]: row for row in rows}
    nothing = {"sent": 0, "first": None, "reached": 0}
    return [
        {**nothing, **by_variant.get(str(item["id"])[:40], {}), "id": str(item["id"]), "label": _label(item)}
        for item in variants.items_of(asked.params)
    ]


def _versions(asked: Asked) -> list[int]:
    found = []
    for pk in CampaignVersion.objects.filter(campaign=asked.campaign).values_list("pk", flat=True):
        node = versions.graph(pk)["nodes"].get(asked.step_id)
        if node and variants.experiment(node["params"]) == asked.experiment:
            found.append(pk)
    return found


def _label(item: dict[str, Any]) -> str:
    return str(item["value"].get("label") or "…")


def _is_time(params: dict[str, Any], counted: list[dict[str, Any]], now: datetime.datetime) -> bool:
    after = int(params.get("winner_after") or 0)
    if params["winner"] == "messages":
        return min(found["sent"] for found in counted) >= after
    begun = [found["first"] for found in counted if found["first"]]
    return bool(begun) and min(begun) + datetime.timedelta(days=after) <= now


def _decide(asked: Asked, counted: list[dict[str, Any]], now: datetime.datetime) -> bool:
    winner = intervals.clear_winner({found["id"]: (found["reached"], found["sent"]) for found in counted})
    kept = [{name: found[name] for name in ("id", "label", "sent", "reached")} for found in counted]
    made, new = VariantWinner.objects.get_or_create(
        campaign_id=asked.campaign,
        step_id=asked.step_id,
        experiment=asked.experiment,
        defaults={"variant": winner, "counted": kept, "decided_at": now},
    )
    if new:
        campaign = Campaign.objects.select_related("live_revision__user").get(pk=asked.campaign)
        log(campaign, DECIDED, data={"winner": made.label, "counted": kept})
        _tell(campaign, made, variants.measure(asked.params), now)
    return new


def _tell(campaign: Campaign, winner: VariantWinner, measure: str, now: datetime.datetime) -> None:
    """An email to whoever published the campaign, if they have an address."""
    user = campaign.live_revision.user if campaign.live_revision else None
    if user is None or not user.email:
        return
    if measure == variants.CLICKED:
        words = _t("%(label)s: %(reached)s of %(sent)s clicked")
    else:
        words = _t("%(label)s: %(reached)s of %(sent)s converted")
    lines = [words % found for found in winner.counted]
    if winner.variant:
        outcome = _t("“%s” won: from now on everybody gets it.") % winner.label
    else:
        outcome = _t("None of the variants is certainly better: they all stay.")
    subject = _t("The variants of an email in “%s” were compared") % campaign
    text = "\n".join([outcome, "", *lines]) + "\n"
    notices.queue_many([notices.Draft(None, (user.email,), subject, text)], now)
