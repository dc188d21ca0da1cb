"""Who enters which campaign, and why somebody does not (semantics E1-E8)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Max, Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from wagtail_journeys import db
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.clock import add_interval
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.journeys import beginning
from wagtail_journeys.journeys import candidates as finding
from wagtail_journeys.journeys.beginning import Begun
from wagtail_journeys.journeys.candidates import Candidate
from wagtail_journeys.journeys.models import Journey, PendingEntry, Refusal
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.membership import Change

Reason = Refusal.Reason

#: So many campaigns may start each other in a row; what would come after is cut (S7).
CHAIN_LIMIT = 10


@dataclass
class Decisions:
    """What was decided in one batch; written at the end, one statement per kind."""

    entering: list[Candidate] = field(default_factory=list)
    refused: dict[tuple[int, int, str], tuple[int, str, int | None]] = field(default_factory=dict)
    waiting: list[Candidate] = field(default_factory=list)
    settled: list[tuple[PendingEntry, str, str]] = field(default_factory=list)

    def refuse(self, candidate: Candidate, reason: str, detail: str = "") -> None:
        candidate.refused = str(reason)
        if candidate.pending is not None:
            said = f"{Reason(reason).label}{f' ({detail})' if detail else ''}"
            self.settled.append((candidate.pending, PendingEntry.State.REFUSED, said))
            return
        key = (candidate.campaign.id, candidate.contact, str(reason))
        count = self.refused[key][0] if key in self.refused else 0
        self.refused[key] = (count + 1, detail, candidate.event)


def consider(
    events: Sequence[Recorded],
    changes: Sequence[Change],
    touched: Iterable[int],
    now: datetime.datetime,
    *,
    campaigns: list[LiveCampaign] | None = None,
    deadlines: bool = False,
    chains: Mapping[int, int] | None = None,
    added: Sequence[Candidate] = (),
) -> list[Begun]:
    """Let contacts into campaigns: by new events, by segments entered, and by changes to contacts with pending entries.

    With ``deadlines`` the pending entries whose window is over are decided for the last time instead; ``added`` are
    candidates from elsewhere, which know afterwards why they were refused. Returns the journeys begun. Runs inside the
    transaction of the batch; the number of statements depends on the number of live campaigns' topics, never on the
    number of contacts.
    """
    found = versions.live() if campaigns is None else campaigns
    live = [campaign for campaign in found if campaign.older is None]
    admitting = [campaign for campaign in live if campaign.admits]
    candidates = finding.from_events(live, events) + finding.from_changes(admitting, changes, chains or {})
    candidates += added
    candidates += finding.from_pending(admitting, set(touched), now, deadlines=deadlines)
    if not candidates:
        return []
    return _write(_decide(candidates, now), now)


def trial(candidates: list[Candidate], now: datetime.datetime) -> None:
    """What would become of candidates of one campaign, each another contact: ``refused`` is filled in, nothing written.

    As many statements as ``consider``. The limit of the campaign as a whole is not looked at: see ``room``.
    """
    _decide(candidates, now, trial=True)


def _decide(candidates: list[Candidate], now: datetime.datetime, *, trial: bool = False) -> Decisions:
    """The checks of E8, in their order."""
    candidates.sort(key=lambda c: (c.campaign.priority, c.campaign.id, c.event or 0))
    decisions = Decisions()
    open_ones = _within_life(candidates, decisions, now)
    matching = _matching(open_ones, decisions, now)
    _enrol(matching, decisions, now, {} if trial else _room(matching))
    return decisions


def anything_to_settle(now: datetime.datetime) -> bool:
    """Whether a matching window is over that nobody has decided yet. One look-up in an index."""
    return PendingEntry.objects.filter(state=PendingEntry.State.WAITING, deadline__lte=now).exists()


def _within_life(
    candidates: list[Candidate], decisions: Decisions, now: datetime.datetime
) -> list[Candidate]:
    """E5 and the first of E8: only while it is live, nothing from before that or from a pause, nothing outside of its dates."""
    kept = []
    for candidate in candidates:
        campaign = candidate.campaign
        if not campaign.admits:
            decisions.refuse(candidate, Reason.NOT_LIVE)
        elif candidate.chain > CHAIN_LIMIT:
            decisions.refuse(candidate, Reason.CHAIN)
        elif campaign.starts_at and now < campaign.starts_at:
            decisions.refuse(candidate, Reason.NOT_STARTED)
        elif campaign.ends_at and now >= campaign.ends_at:
            decisions.refuse(candidate, Reason.ENDED)
        elif (
            candidate.pending is None and campaign.live_since and candidate.happened_at < campaign.live_since
        ):
            decisions.refuse(candidate, Reason.BEFORE_LIVE)
        elif candidate.pending is None and campaign.was_paused(candidate.happened_at):
            decisions.refuse(candidate, Reason.PAUSED)
        elif candidate.until and candidate.until < now:
            decisions.refuse(candidate, Reason.TOO_LATE, date_format(localtime(candidate.happened_at)))
        elif candidate.held:
            decisions.refuse(candidate, Reason.UNDECLARED)
        else:
            kept.append(candidate)
    return kept


def _matching(candidates: list[Candidate], decisions: Decisions, now: datetime.datetime) -> list[Candidate]:
    """The contact filters (E2), and what becomes of those that do not match (E3)."""
    asking: dict[int, set[int]] = defaultdict(set)
    by_id = {
        candidate.campaign.id: candidate.campaign for candidate in candidates if candidate.campaign.rules
    }
    for candidate in candidates:
        if candidate.campaign.id in by_id:
            asking[candidate.campaign.id].add(candidate.contact)
    answers = compiler.evaluate(
        {
            pk: compiler.Question(by_id[pk].match, by_id[pk].rules, contacts)
            for pk, contacts in asking.items()
        },
        now,
        skip_broken=True,
    )
    kept = []
    for candidate in candidates:
        campaign = candidate.campaign
        if not campaign.rules or candidate.contact in answers.get(
            campaign.id, ()
        ):  # no answer: filters that cannot be read
            kept.append(candidate)
        elif candidate.pending is not None:
            if candidate.deadline is not None and candidate.deadline <= now:
                said = _("gave up: not %s") % compiler.describe(campaign.match, campaign.rules)
                decisions.settled.append((candidate.pending, PendingEntry.State.GAVE_UP, said))
        elif candidate.deadline and candidate.deadline > now:
            decisions.waiting.append(candidate)
        else:
            decisions.refuse(
                candidate, Reason.FILTERS, compiler.describe(campaign.match, campaign.rules)[:300]
            )
    return kept


@dataclass
class History:
    """A contact's journeys through one campaign so far, with one run key."""

    count: int = 0
    last: datetime.datetime | None = None
    active: int = 0
    recent: int = 0  # in the last hour


def _enrol(
    candidates: list[Candidate], decisions: Decisions, now: datetime.datetime, room: dict[int, int]
) -> None:
    """Frequency, exclusive group and consent (E4, E6, E8), in this order, the lowest priority number first."""
    if not candidates:
        return
    contacts = {candidate.contact for candidate in candidates}
    history = _history(candidates, contacts, now)
    recent: dict[tuple[int, int], int] = defaultdict(int)
    for (campaign_id, contact, _key), past in history.items():
        recent[(campaign_id, contact)] += past.recent
    taken = _taken(candidates + decisions.waiting)
    zones = _zones(candidates)
    topics = Topic.objects.in_bulk({c.campaign.topic for c in candidates if c.campaign.topic is not None})
    refused_topic = {pk: consent.refused_contacts(contacts, topic) for pk, topic in topics.items()}
    suppressed = consent.suppressed_contacts(contacts)
    for candidate in candidates:
        campaign = candidate.campaign
        past = history[(campaign.id, candidate.contact, candidate.run_key)]
        if campaign.group and candidate.event and (campaign.group, candidate.event) in taken:
            decisions.refuse(candidate, Reason.GROUP, campaign.group)
        elif campaign.frequency == "once" and past.count:
            decisions.refuse(candidate, Reason.FREQUENCY)
        elif past.active and not campaign.may_overlap:
            decisions.refuse(candidate, Reason.ACTIVE)
        elif (
            campaign.frequency == "interval"
            and past.last
            and _too_early(campaign, past.last, zones, candidate, now)
        ):
            decisions.refuse(candidate, Reason.FREQUENCY)
        elif (
            campaign.gap
            and past.last
            and now < add_interval(past.last, campaign.gap, campaign.gap_unit, *zones[candidate.contact])
        ):
            decisions.refuse(candidate, Reason.GAP)
        elif campaign.topic is not None and candidate.contact in refused_topic[campaign.topic]:
            decisions.refuse(candidate, Reason.CONSENT)
        elif candidate.contact in suppressed:
            decisions.refuse(candidate, Reason.SUPPRESSED)
        elif room.get(campaign.id, 1) < 1:
            decisions.refuse(candidate, Reason.CAP)
        elif campaign.hourly_cap and recent[(campaign.id, candidate.contact)] >= campaign.hourly_cap:
            decisions.refuse(candidate, Reason.HOURLY)
        else:
            decisions.entering.append(candidate)
            past.count, past.last, past.active = past.count + 1, now, past.active + 1
            recent[(campaign.id, candidate.contact)] += 1
            if campaign.id in room:
                room[campaign.id] -= 1
            if campaign.group and candidate.event:
                taken.add((campaign.group, candidate.event))
    _leave_to_the_group(decisions, taken)


def _leave_to_the_group(decisions: Decisions, taken: set[tuple[str, int | None]]) -> None:
    """An event that one campaign of a group has taken does not wait for another one."""
    still = []
    for candidate in decisions.waiting:
        if candidate.campaign.group and (candidate.campaign.group, candidate.event) in taken:
            decisions.refuse(candidate, Reason.GROUP, candidate.campaign.group)
        else:
            still.append(candidate)
    decisions.waiting = still


def _room(candidates: list[Candidate]) -> dict[int, int]:
    """How many more contacts campaigns with a limit may let in. They are locked until the transaction ends."""
    capped = {c.campaign.id: c.campaign for c in candidates if c.campaign.entry_cap is not None}
    if not capped:
        return {}
    list(db.locked(Campaign.objects.filter(pk__in=capped).order_by("pk")).values_list("pk", flat=True))
    return room(capped.values())


def room(campaigns: Iterable[LiveCampaign]) -> dict[int, int]:
    """How many more contacts those of these campaigns may let in that have a limit. One statement."""
    caps = {campaign.id: campaign.entry_cap for campaign in campaigns if campaign.entry_cap is not None}
    if not caps:
        return {}
    entered = (
        Journey.objects.filter(campaign__in=caps).order_by().values_list("campaign").annotate(Count("pk"))
    )
    counted = dict(entered)
    return {pk: (cap or 0) - counted.get(pk, 0) for pk, cap in caps.items()}


def _history(
    candidates: list[Candidate], contacts: set[int], now: datetime.datetime
) -> dict[tuple[int, int, str], History]:
    rows = (
        Journey.objects.filter(compiler.among(contacts, "contact_id"))
        .filter(campaign_id__in={candidate.campaign.id for candidate in candidates})
        .order_by()
        .values_list("campaign_id", "contact_id", "run_key")
        .annotate(
            n=Count("pk"),
            last=Max("entered_at"),
            active=Count("pk", filter=Q(state=Journey.State.ACTIVE)),
            recent=Count("pk", filter=Q(entered_at__gt=now - datetime.timedelta(hours=1))),
        )
    )
    found: dict[tuple[int, int, str], History] = defaultdict(History)
    for campaign, contact, run_key, count, last, active, recent in rows:
        found[(campaign, contact, run_key)] = History(count, last, active, recent)
    return found


def _taken(candidates: list[Candidate]) -> set[tuple[str, int | None]]:
    """Which events a campaign of which exclusive group has taken already."""
    grouped = [c for c in candidates if c.campaign.group and c.event]
    if not grouped:
        return set()
    rows = (
        Journey.objects.filter(compiler.among({c.contact for c in grouped}, "contact_id"))
        .filter(compiler.among({c.event for c in grouped if c.event}, "entry_event_id"))
        .exclude(campaign__exclusive_group="")
    )
    return set(rows.values_list("campaign__exclusive_group", "entry_event_id"))


def _zones(candidates: list[Candidate]) -> dict[int, tuple[str, str]]:
    """The contact's zone and its campaign's, for those of whom calendar units are asked."""
    asked = {
        candidate.contact: candidate.campaign.zone
        for candidate in candidates
        if candidate.campaign.frequency == "interval" or candidate.campaign.gap
    }
    if not asked:
        return {}
    zones = dict(Contact.objects.filter(compiler.among(asked)).values_list("pk", "time_zone"))
    return {contact: (zones.get(contact, ""), zone) for contact, zone in asked.items()}


def _too_early(
    campaign: LiveCampaign,
    last: datetime.datetime,
    zones: dict[int, tuple[str, str]],
    candidate: Candidate,
    now: datetime.datetime,
) -> bool:
    return now < add_interval(
        last, campaign.interval or 1, campaign.interval_unit, *zones.get(candidate.contact, ())
    )


def _write(decisions: Decisions, now: datetime.datetime) -> list[Begun]:
    begun = beginning.begin(decisions.entering, now)
    for candidate in decisions.entering:
        if candidate.pending is not None:
            minutes = round((now - candidate.pending.created_at).total_seconds() / 60)
            said = _("entered after %d min") % minutes
            decisions.settled.append((candidate.pending, PendingEntry.State.ENTERED, said))
    db.insert_rows(
        PendingEntry,
        [
            "campaign",
            "contact",
            "event_id",
            "entry_key",
            "state",
            "created_at",
            "deadline",
            "reason",
            "run_key",
        ],
        [
            (
                c.campaign.id,
                c.contact,
                c.event,
                "" if c.event else c.key,
                PendingEntry.State.WAITING.value,
                now,
                c.deadline,
                "",
                c.run_key,
            )
            for c in decisions.waiting
        ],
        ignore_conflicts=True,
        returning=(),
    )
    db.update_rows(
        PendingEntry,
        "id",
        ["state", "decided_at", "reason"],
        [(row.pk, str(state), now, reason[:500]) for row, state, reason in decisions.settled],
    )
    db.insert_rows(
        Refusal,
        ["campaign", "contact", "reason", "detail", "event_id", "count", "first_at", "last_at"],
        [
            (campaign, contact, reason, detail, event, count, now, now)
            for (campaign, contact, reason), (count, detail, event) in sorted(decisions.refused.items())
        ],
        on_conflict="(contact_id, campaign_id, reason) DO UPDATE SET "
        "count = wagtail_journeys_refusal.count + excluded.count, last_at = excluded.last_at, "
        "detail = excluded.detail, event_id = excluded.event_id",
        returning=(),
    )
    return begun
