"""The numbers of a campaign as a page shows them: in words, in the order of the flow, each with its link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns import flow
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.triggers import registry as triggers
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.exceptions import JourneysError
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.reporting import comparing
from wagtail_journeys.reporting.campaigns import Counted, Place, StepNumbers, numbers
from wagtail_journeys.reporting.campaigns import flow as places
from wagtail_journeys.reporting.comparing import Comparison
from wagtail_journeys.reporting.followed import Followed, followed
from wagtail_journeys.reporting.sentences import StepWords, graph_words, sentence
from wagtail_journeys.reporting.shown import Link, Number, number

TILES = {
    "entered": _("Entered"),
    "active": _("Inside now"),
    "completed": _("Came to the end"),
    "exited": _("Left before the end"),
    "failed": _("Failed"),
    "converted": _("Converted"),
}
COLUMNS = {
    "arrived": _("Arrived"),
    "waiting": _("Waiting"),
    "passed": _("Went on"),
    "skipped": _("Skipped"),
    "exited": _("Left here"),
    "failed": _("Failed"),
}
MESSAGES = {
    "queued": _("queued"),
    "sent": _("sent"),
    "bounced": _("refused"),
    "failed": _("failed"),
    "cancelled": _("not sent"),
    "unknown": _("perhaps sent"),
    "capped": _("held back by a sending limit"),
    "opened": _("opened by people"),
    "opened_all": _("opened in all"),
    "clicked": _("clicked by people"),
    "clicked_all": _("clicked in all"),
}
CALLS = {
    "queued": _("under way"),
    "done": _("done"),
    "failed": _("failed"),
    "cancelled": _("not sent"),
    "unknown": _("perhaps received"),
}
NOTICES = {
    "queued": _("under way"),
    "sent": _("sent"),
    "failed": _("failed"),
    "unknown": _("perhaps sent"),
}
#: Reasons listed; the rest is summed up.
REASONS = 20


@dataclass(frozen=True)
class Row:
    """One step: what it does, where it stands, and its numbers in the order of COLUMNS."""

    place: Place
    words: StepWords
    numbers: list[Number]
    arms: list[Number]
    messages: list[Number]
    calls: list[Number]
    notices: list[Number]
    arm_label: str = ""

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What the step sent, kind by kind; a step sends one kind at most, as a rule."""
        kinds = [(_("Emails"), self.messages), (_("HTTP calls"), self.calls), (_("Colleagues"), self.notices)]
        return [{"label": label, "numbers": numbers} for label, numbers in kinds if numbers]


@dataclass(frozen=True)
class Report:
    version: int | None
    versions: list[CampaignVersion]
    tiles: list[Number]
    exits: list[Number]
    failures: list[Number]
    rows: list[Row]
    gone: list[Row]
    trigger: str
    chart: SafeString | str
    comparisons: list[Comparison]
    links: list[Followed]

    @property
    def columns(self) -> list[str]:
        return [str(label) for label in COLUMNS.values()]

    @property
    def is_empty(self) -> bool:
        return not self.tiles or not self.tiles[0].value


def report(campaign: Campaign, version: int | None, link: Link) -> Report | None:
    """Everything the statistics page shows, of all versions together or of one; None for a version there is not.

    Twelve statements, whatever the size of the campaign, one more where steps were taken out of it and one where an email
    has variants; the names that steps mention are looked up every ten minutes.
    """
    versions = list(CampaignVersion.objects.filter(campaign=campaign).defer("graph").order_by("-number"))
    shown = next((found for found in versions if version in (None, found.number)), None)
    if version is not None and shown is None:
        return None
    counted = numbers(campaign, version)
    graph = shown.graph if shown else {"start": None, "nodes": {}}
    words = graph_words(shown.pk, graph) if shown else {}
    order = places(graph)
    rows = [
        _row(place, words[place.step_id], counted.steps.get(place.step_id), link, words) for place in order
    ]
    known = {place.step_id for place in order}
    gone = _gone(campaign, {pk: found for pk, found in counted.steps.items() if pk not in known}, link)
    return Report(
        version=version,
        versions=versions,
        tiles=[number(label, counted.journeys[name], Counted(name), link) for name, label in TILES.items()],
        exits=_reasons("exited", counted.exits, link),
        failures=_reasons("failed", counted.failures, link),
        rows=rows,
        gone=gone,
        trigger=_trigger(graph),
        chart=_chart(graph, rows, counted.steps) if rows else "",
        comparisons=comparing.comparisons(campaign, graph, words, counted.steps, link),
        links=followed(campaign, version, {row.place.step_id: row.words for row in rows + gone}, link),
    )


def _row(
    place: Place,
    words: StepWords,
    found: StepNumbers | None,
    link: Link,
    others: dict[str, StepWords] | None = None,
) -> Row:
    found = found or StepNumbers()
    step = place.step_id
    arms = [
        number(words.arms.get(arm, arm), count, Counted("passed", step, arm), link)
        for arm, count in sorted(found.arms.items(), key=lambda item: _arm_order(words, item[0]))
    ]
    messages = _sent("message", MESSAGES, found.messages, step, link)
    calls = _sent("call", CALLS, found.calls, step, link)
    notices = _sent("notice", NOTICES, found.notices, step, link)
    parent = (others or {}).get(place.parent) if place.parent else None
    return Row(
        place,
        words,
        [number(label, found.visits[name], Counted(name, step), link) for name, label in COLUMNS.items()],
        arms,
        messages,
        calls,
        notices,
        arm_label=parent.arms.get(place.arm, place.arm) if parent else "",
    )


def _sent(kind: str, labels: dict[str, Any], found: dict[str, int], step: str, link: Link) -> list[Number]:
    return [
        number(label, found[name], Counted(f"{kind}-{name}", step), link)
        for name, label in labels.items()
        if found[name]
    ]


def _arm_order(words: StepWords, arm: str) -> tuple[int, str]:
    names = list(words.arms)
    return (names.index(arm) if arm in names else len(names), arm)


def _gone(campaign: Campaign, found: dict[str, StepNumbers], link: Link) -> list[Row]:
    """Steps that contacts went through and that are not in the version shown; told as they last were."""
    if not found:
        return []
    rows = []
    left = dict(found)
    for pk, graph in (
        CampaignVersion.objects.filter(campaign=campaign)
        .order_by("-number")
        .values_list("pk", "graph")
        .iterator()
    ):
        here = [place for place in places(graph) if place.step_id in left]
        if here:
            words = graph_words(pk, graph)
            rows += [_row(Place(p.step_id, 0), words[p.step_id], left.pop(p.step_id), link) for p in here]
        if not left:
            break
    unknown = StepWords(_t("a step that is gone"), "warning")
    return rows + [_row(Place(step_id, 0), unknown, numbers, link) for step_id, numbers in left.items()]


def _reasons(state: str, reasons: list[tuple[str, int]], link: Link) -> list[Number]:
    found = [
        number(sentence(reason) or _t("No reason was given."), count, Counted(state, reason=reason), link)
        for reason, count in reasons[:REASONS]
    ]
    rest = reasons[REASONS:]
    if rest:
        label = ngettext("%d other reason", "%d other reasons", len(rest)) % len(rest)
        found.append(Number(label, sum(count for _reason, count in rest)))
    return found


def _trigger(graph: dict[str, Any]) -> str:
    trigger = graph.get("trigger")
    try:
        return triggers[trigger["type"]].describe(trigger["params"]) if trigger else ""
    except (JourneysError, KeyError, TypeError, ValueError):
        return ""


def _chart(graph: dict[str, Any], rows: list[Row], steps: dict[str, StepNumbers]) -> SafeString:
    """The flow chart with, in each box, how many came and how many are there."""
    counts: dict[str, str] = {}
    for row in rows:
        step = row.place.step_id
        found = steps.get(step) or StepNumbers()
        if found.visits["arrived"]:
            counts[step] = _t("%(arrived)s arrived · %(waiting)s here") % {
                "arrived": number_format(found.visits["arrived"], force_grouping=True),
                "waiting": number_format(found.visits["waiting"], force_grouping=True),
            }
        else:
            counts[step] = _t("nobody yet")
        for arm in row.words.arms:
            counts[f"{step}/{arm}"] = number_format(found.arms.get(arm, 0), force_grouping=True)
    return flow.figure(_trigger(graph), flow.from_graph(graph), counts)


# --- The lists behind the numbers ---------------------------------------------------------------------------------------

#: Relations to load with a row to show its contact, and its journey.
CONTACT_OF: dict[Any, list[str]] = {
    Journey: ["contact"],
    Visit: ["journey__contact"],
    Message: ["contact", "visit"],
    Call: ["contact", "visit"],
    Notice: ["visit__journey__contact"],
}


def contact_of(row: Any) -> Contact:
    if isinstance(row, Notice):
        row = row.visit
    found: Contact = row.journey.contact if isinstance(row, Visit) else row.contact
    return found


def journey_of(row: Any) -> int:
    if isinstance(row, Journey):
        return row.pk
    found: int = row.journey_id if isinstance(row, Visit) else row.visit.journey_id
    return found


def since_of(row: Any) -> str:
    if isinstance(row, Journey):
        at = row.ended_at or row.entered_at
    elif isinstance(row, Visit):
        at = row.left_at or row.arrived_at
    elif isinstance(row, Notice):
        at = row.sent_at or row.created_at
    else:
        at = row.settled_at or row.created_at
    return date_format(localtime(at), "j M Y, H:i T")


def state_of(row: Any) -> str:
    if isinstance(row, Visit):
        return str(row.get_outcome_display() or _t("waiting"))
    return str(row.get_state_display())


def why_of(row: Any) -> str:
    if isinstance(row, Journey):
        return sentence(row.end_reason)
    return sentence(row.error if isinstance(row, Call | Notice) else row.reason)


def title(campaign: Campaign, counted: Counted, version: int | None) -> str:
    """What the list shows: "Waiting at “wait 1 day”", "Left before the end: no consent"."""
    what = counted.what
    kind, _dash, state = what.partition("-")
    if kind == "message":
        label = _t("Emails: %s") % {**MESSAGES, **comparing.REACHED}.get(state, _t("all"))
    elif kind == "call":
        label = _t("HTTP calls: %s") % CALLS.get(state, _t("all"))
    elif kind == "notice":
        label = _t("Emails to colleagues: %s") % NOTICES.get(state, _t("all"))
    elif kind == "link":
        label = _t("Followed the link %s") % counted.reason
    elif counted.step:
        label = str(COLUMNS.get(what, what))
    else:
        label = str(TILES.get(what, what))
    if counted.step:
        step = step_of(campaign, counted.step)
        label = _t("%(what)s at “%(step)s”") % {"what": label, "step": step.text}
        if counted.arm:
            label = f"{label}: {step.arms.get(counted.arm, counted.arm)}"
        if counted.variant:
            label = f"{label}: {comparing.label_of(campaign, counted.step, counted.variant)}"
    if counted.reason is not None and kind != "link":
        reason = sentence(counted.reason) or _t("No reason was given.")
        label = f"{label}: {reason}"
    if version:
        name = _t("version %(number)s") % {"number": version}
        label = f"{label} ({name})"
    return label


def step_of(campaign: Campaign, step_id: str) -> StepWords:
    """The step as the newest version that has it says it."""
    for pk, graph in (
        CampaignVersion.objects.filter(campaign=campaign)
        .order_by("-number")
        .values_list("pk", "graph")
        .iterator()
    ):
        if step_id in graph["nodes"]:
            return graph_words(pk, graph)[step_id]
    return StepWords(_t("a step that is gone"))


def campaign_url(name: str, *args: Any) -> str:
    """A page of the campaign viewset: ``list``, ``edit``, ``stats``."""
    return reverse(f"{Campaign.snippet_viewset.get_url_name(name)}", args=args)
