"""The numbers of a campaign (semantics Q1, Q2). Each has one definition: a filter, which counts and which lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.emails.hit_models import Hit
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.journeys import winning
from wagtail_journeys.journeys.models import Journey, Visit

#: Journeys: entered = active + completed + exited + failed, at every instant.
JOURNEYS: dict[str, Q] = {
    "entered": Q(),
    "active": Q(state=Journey.State.ACTIVE),
    "completed": Q(state=Journey.State.COMPLETED),
    "exited": Q(state=Journey.State.EXITED),
    "failed": Q(state=Journey.State.FAILED),
    "converted": Q(converted_at__isnull=False),
}

#: Visits that the step has not decided about. Where the journey has ended meanwhile, it ended here.
UNDECIDED = Q(outcome="")

#: Visits of one step: arrived = waiting + passed + skipped + exited + failed, at every instant.
VISITS: dict[str, Q] = {
    "arrived": Q(),
    "waiting": UNDECIDED & Q(journey__state=Journey.State.ACTIVE),
    "passed": Q(outcome=Visit.Outcome.PASSED),
    "skipped": Q(outcome=Visit.Outcome.SKIPPED),
    "exited": Q(outcome=Visit.Outcome.EXITED)
    | (UNDECIDED & Q(journey__state__in=[Journey.State.EXITED, Journey.State.COMPLETED])),
    "failed": Q(outcome=Visit.Outcome.FAILED) | (UNDECIDED & Q(journey__state=Journey.State.FAILED)),
}

#: Messages of one step: messages = queued + sent + bounced + failed + cancelled + unknown, at every instant.
MESSAGES: dict[str, Q] = {
    "messages": Q(),
    "queued": ~Q(state__in=Message.FINAL),
    "sent": Q(state=Message.State.SENT),
    "bounced": Q(state=Message.State.BOUNCED),
    "failed": Q(state=Message.State.FAILED),
    "cancelled": Q(state=Message.State.CANCELLED),
    "unknown": Q(state=Message.State.UNKNOWN),
    # Some of those above: a sending limit held them back for a while, or for good.
    "capped": Q(capped_at__isnull=False),
    # Some again, of contacts who agreed to be counted: by people, and with programs included.
    "opened": Q(opened=Hit.Verdict.HUMAN),
    "opened_all": ~Q(opened=""),
    "clicked": Q(clicked=Hit.Verdict.HUMAN),
    "clicked_all": ~Q(clicked=""),
}

#: Messages of one variant of a step: sent, and those of them that reached what variants are compared by.
VARIANTS: dict[str, Q] = {
    "sent": MESSAGES["sent"],
    **{name: MESSAGES["sent"] & reached for name, reached in winning.REACHED.items()},
}


#: HTTP calls of one step: calls = queued + done + failed + cancelled + unknown, at every instant.
CALLS: dict[str, Q] = {
    "calls": Q(),
    "queued": ~Q(state__in=Call.FINAL),
    "done": Q(state=Call.State.DONE),
    "failed": Q(state=Call.State.FAILED),
    "cancelled": Q(state=Call.State.CANCELLED),
    "unknown": Q(state=Call.State.UNKNOWN),
}

#: Emails to colleagues of one step: notices = queued + sent + failed + unknown, at every instant.
NOTICES: dict[str, Q] = {
    "notices": Q(),
    "queued": Q(state__in=[Notice.State.QUEUED, Notice.State.SENDING]),
    "sent": Q(state=Notice.State.SENT),
    "failed": Q(state=Notice.State.FAILED),
    "unknown": Q(state=Notice.State.UNKNOWN),
}


def journeys(campaign: Campaign, version: int | None = None) -> QuerySet[Journey]:
    """The journeys that count; of one version (by number) those that are, or ended, on it."""
    found = Journey.objects.filter(campaign=campaign).order_by()
    return found.filter(version__number=version) if version else found


def visits(campaign: Campaign, version: int | None = None) -> QuerySet[Visit]:
    """The visits that count; of one version those that were made on it.

    By their journeys, so that those of other campaigns are not looked at: there is no index by version.
    """
    found = Visit.objects.filter(journey__campaign=campaign).order_by()
    return found.filter(version__in=_numbered(campaign, version)) if version else found


def messages(campaign: Campaign, version: int | None = None) -> QuerySet[Message]:
    """The messages that count: every one belongs to a visit. Test sends do not, and are counted nowhere (Q3)."""
    found = Message.objects.filter(campaign=campaign, visit__isnull=False).order_by()
    return found.filter(visit__version__number=version) if version else found


def calls(campaign: Campaign, version: int | None = None) -> QuerySet[Call]:
    """The HTTP calls that count: every one belongs to a visit. Those that somebody tried out are counted nowhere (Q3)."""
    found = Call.objects.filter(campaign=campaign, visit__isnull=False, is_test=False).order_by()
    return found.filter(visit__version__number=version) if version else found


def notices(campaign: Campaign, version: int | None = None) -> QuerySet[Notice]:
    """The emails to colleagues that steps of the campaign asked for."""
    found = Notice.objects.filter(visit__journey__campaign=campaign).order_by()
    return found.filter(visit__version__in=_numbered(campaign, version)) if version else found


def _numbered(campaign: Campaign, number: int) -> QuerySet[CampaignVersion, Any]:
    return CampaignVersion.objects.filter(campaign=campaign, number=number).order_by().values("pk")


def _counts(definitions: dict[str, Q]) -> dict[str, Count]:
    return {f"n_{name}": Count("pk", filter=q) if q else Count("pk") for name, q in definitions.items()}


@dataclass
class StepNumbers:
    """The numbers of one step: ``visits``, ``messages`` and so on by the names above, ``arms`` those passed by way out,
    ``variants`` the numbers of messages by the id of their variant.
    """

    visits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VISITS, 0))
    messages: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MESSAGES, 0))
    arms: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CALLS, 0))
    notices: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NOTICES, 0))
    variants: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class CampaignNumbers:
    """The numbers of a campaign, or of one of its versions."""

    journeys: dict[str, int]
    exits: list[tuple[str, int]]
    failures: list[tuple[str, int]]
    steps: dict[str, StepNumbers]


def numbers(campaign: Campaign, version: int | None = None) -> CampaignNumbers:
    """All numbers of a campaign: eight statements, whatever its size."""
    totals = journeys(campaign, version).aggregate(**_counts(JOURNEYS))
    exits, failures = _reasons(campaign, version)
    steps: dict[str, StepNumbers] = defaultdict(StepNumbers)
    row: dict[str, Any]
    for row in visits(campaign, version).values("step_id").annotate(**_counts(VISITS)):  # type: ignore[assignment]
        steps[row["step_id"]].visits = {name: row[f"n_{name}"] for name in VISITS}
    by_arm = visits(campaign, version).filter(VISITS["passed"]).exclude(arm="")
    for step_id, arm, count in by_arm.values_list("step_id", "arm").annotate(n=Count("pk")):
        steps[step_id].arms[arm] = count
    for row in messages(campaign, version).values("step_id").annotate(**_counts(MESSAGES)):  # type: ignore[assignment]
        steps[row["step_id"]].messages = {name: row[f"n_{name}"] for name in MESSAGES}
    for row in calls(campaign, version).values("step_id").annotate(**_counts(CALLS)):  # type: ignore[assignment]
        steps[row["step_id"]].calls = {name: row[f"n_{name}"] for name in CALLS}
    for row in notices(campaign, version).values("visit__step_id").annotate(**_counts(NOTICES)):  # type: ignore[assignment]
        steps[row["visit__step_id"]].notices = {name: row[f"n_{name}"] for name in NOTICES}
    of_variants = messages(campaign, version).exclude(variant="")
    for row in of_variants.values("step_id", "variant").annotate(**_counts(VARIANTS)):  # type: ignore[assignment]
        steps[row["step_id"]].variants[row["variant"]] = {name: row[f"n_{name}"] for name in VARIANTS}
    return CampaignNumbers(
        journeys={name: totals[f"n_{name}"] for name in JOURNEYS},
        exits=exits,
        failures=failures,
        steps=dict(steps),
    )


def _reasons(campaign: Campaign, version: int | None) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Why journeys exited and why they failed, the most frequent reason first."""
    ended = journeys(campaign, version).filter(JOURNEYS["exited"] | JOURNEYS["failed"])
    exits: list[tuple[str, int]] = []
    failures: list[tuple[str, int]] = []
    for state, reason, count in (
        ended.values_list("state", "end_reason").annotate(n=Count("pk")).order_by("-n", "end_reason")
    ):
        (exits if state == Journey.State.EXITED else failures).append((reason, count))
    return exits, failures


#: Links with merge tags in them are one, as their author wrote it.
ADDRESS = Coalesce("link__origin__url", "link__url")


def clicks(campaign: Campaign, version: int | None) -> QuerySet[Hit]:
    """The clicks that count: judged, on links that are still known, of messages that count."""
    found = Hit.objects.filter(
        kind=Hit.Kind.CLICK, link__isnull=False, message__in=messages(campaign, version).values("pk")
    )
    return found.exclude(verdict=Hit.Verdict.PENDING).order_by()


def followers(campaign: Campaign, version: int | None, step: str, url: str) -> QuerySet[Message]:
    """The newest message of each contact who followed this link: as many rows as contacts."""
    theirs = messages(campaign, version).filter(
        Exists(
            Hit.objects.filter(message=OuterRef("pk"), kind=Hit.Kind.CLICK, verdict=Hit.Verdict.HUMAN)
            .alias(address=ADDRESS)
            .filter(address=url)
        ),
        step_id=step,
    )
    newest = theirs.values("contact").annotate(newest=Max("pk")).values("newest")
    return messages(campaign, version).filter(pk__in=newest)


#: What steps send, by the word before the dash: the rows, what is counted, and where they name their step.
SENT: dict[str, tuple[Callable[[Campaign, int | None], QuerySet[Any]], dict[str, Q], str]] = {
    "message": (messages, {**MESSAGES, **VARIANTS}, "step_id"),
    "call": (calls, CALLS, "step_id"),
    "notice": (notices, NOTICES, "visit__step_id"),
}


@dataclass(frozen=True)
class Counted:
    """What a number counts: ``what`` by the names above, of a step, of a way out or a variant of it, or of a reason."""

    what: str
    step: str = ""
    arm: str = ""
    reason: str | None = None
    variant: str = ""

    def rows(self, campaign: Campaign, version: int | None = None) -> QuerySet[Any]:
        """The journeys, visits, messages or calls behind the number, as many as it says.

        Raises KeyError for a number that is not counted.
        """
        kind, dash, name = self.what.partition("-")
        if dash:
            rows, definitions, step = SENT[kind]
            found: QuerySet[Any] = rows(campaign, version).filter(definitions[name])
            if self.variant and kind == "message":
                found = found.filter(variant=self.variant)
            return found.filter(**{step: self.step}) if self.step else found
        if self.what == "link":
            return followers(campaign, version, self.step, self.reason or "")
        if self.step:
            found = visits(campaign, version).filter(VISITS[self.what], step_id=self.step)
            return found.filter(arm=self.arm) if self.arm else found
        found = journeys(campaign, version).filter(JOURNEYS[self.what])
        return found if self.reason is None else found.filter(end_reason=self.reason)


@dataclass(frozen=True)
class Place:
    """A step in the order in which it is read: how deep it is nested, and of which arm of which step it is the first."""

    step_id: str
    depth: int
    arm: str = ""
    parent: str = ""


def flow(graph: dict[str, Any]) -> list[Place]:
    """The steps of a graph in the order in which they are read: after a step its arms, then what follows."""
    nodes = graph["nodes"]
    seen: set[str] = set()

    def walk(
        step_id: str | None, stops: frozenset[str | None], depth: int, arm: str, parent: str
    ) -> Iterator[Place]:
        while step_id is not None and step_id not in stops and step_id not in seen and step_id in nodes:
            seen.add(step_id)
            yield Place(step_id, depth, arm, parent)
            node = nodes[step_id]
            for name, first in (node.get("arms") or {}).items():
                yield from walk(first, stops | {node.get("next")}, depth + 1, name, step_id)
            step_id, arm, parent = node.get("next"), "", ""

    return list(walk(graph.get("start"), frozenset(), 0, "", ""))
