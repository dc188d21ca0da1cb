"""Contacts who are added to a campaign: by a person, the API or the site's code, on going live, or on a fixed date.

An EnrolRequest is the queue: ``ask`` writes it, ``next_part`` and ``settle`` do one part of it in one transaction, and
whoever is killed in between has done the last part or not. Every contact goes through the checks of ``entries``.
"""

from __future__ import annotations

import datetime
import time
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from wagtail_journeys import db, jobs
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules, EnrolRefused
from wagtail_journeys.journeys import entries
from wagtail_journeys.journeys.candidates import Candidate
from wagtail_journeys.journeys.models import EnrolRequest, Refusal
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.models import Membership, Segment

Source, State = EnrolRequest.Source, EnrolRequest.State

#: A forecast looks at so many contacts at once, and stops after so many seconds.
FORECAST_PART, FORECAST_SECONDS = 2000, 3.0


# --- asking ---------------------------------------------------------------------------------------------------------------


def draft(
    campaign: Campaign,
    source: str,
    now: datetime.datetime,
    *,
    user: Any = None,
    segment: Segment | None = None,
    contacts: Collection[int] = (),
    key: str = "",
) -> EnrolRequest:
    """A request that is not saved: the members of ``segment`` at this moment, or these ``contacts`` (ids).

    A ``key`` of the caller's own makes a request that is repeated the same one.
    """
    request = EnrolRequest(
        campaign=campaign,
        key=key or f"enrol:{uuid.uuid4().hex}",
        source=source,
        user=user,
        segment=segment,
        contacts=sorted(set(contacts)),
        created_at=now,
    )
    request.total = _members(request).count() if segment else len(request.contacts)
    return request


def ask(request: EnrolRequest, *, skip_trigger: bool = False) -> EnrolRequest:
    """Save a draft; the next look at the queues begins with it. Returns the one that is there already, if it is.

    Raises EnrolRefused for a campaign that lets nobody in, and for one with a trigger of another kind unless
    ``skip_trigger`` says that its contacts may enter without that.
    """
    with db.batch(EnrolRequest):
        made = EnrolRequest.objects.filter(campaign=request.campaign_id, key=request.key).first()
        if made is not None:
            return made
        campaign = find(request.campaign_id)
        if campaign is None or not campaign.admits:
            raise EnrolRefused(_("“%s” lets nobody in at the moment: it is not live.") % request.campaign)
        if not skip_trigger and not takes(campaign):
            raise EnrolRefused(
                _("Contacts enter “%s” by its trigger. Say that they may skip it.") % request.campaign
            )
        request.save(force_insert=True)
    jobs.wake()
    return request


def find(campaign_id: int) -> LiveCampaign | None:
    """The campaign as it runs, paused or not; None where it is not live."""
    return next((campaign for campaign in versions.live() if campaign.id == campaign_id), None)


def takes(campaign: LiveCampaign) -> bool:
    """Whether adding contacts is how this campaign starts."""
    return registry[campaign.trigger].by_hand


def cancel(request: EnrolRequest, now: datetime.datetime, why: str = "") -> bool:
    """Let nobody else in by it; who has entered stays. False where it was over already."""
    waiting = EnrolRequest.objects.filter(pk=request.pk, state=State.WAITING)
    return bool(waiting.update(state=State.CANCELLED, note=why[:300], finished_at=now))


# --- going live (E5) ------------------------------------------------------------------------------------------------------


def present(campaign: Campaign) -> int:
    """How many contacts are now in the segment whose entering starts the campaign, as it stands; 0 for other triggers."""
    segment = _segment_of(campaign)
    if segment is None:
        return 0
    return Membership.objects.filter(segment=segment, left_at__isnull=True).count()


def enrol_present(campaign: Campaign, now: datetime.datetime, user: Any = None) -> EnrolRequest | None:
    """Also let in those who are in the trigger's segment at the moment of publishing; None where it has none.

    Call it after ``publishing.published``, best in the same transaction and with the same ``now``: calling it again with
    that moment changes nothing.
    """
    segment = _segment_of(campaign)
    if segment is None:
        return None
    key = f"present:{now.isoformat()}"
    return ask(draft(campaign, Source.PRESENT, now, user=user, segment=segment, key=key), skip_trigger=True)


def _segment_of(campaign: Campaign) -> Segment | None:
    trigger = campaign.raw_trigger
    if trigger is None or trigger["type"] not in registry:
        return None
    segments = registry[trigger["type"]].segments(trigger["value"])
    return Segment.objects.filter(pk__in=segments).order_by("pk").first()


# --- what would happen ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """What adding them would do: of ``total`` contacts ``looked_at`` were asked about, as many as there was time for."""

    total: int
    looked_at: int
    entering: int
    refused: dict[str, int] = field(default_factory=dict)  # reason -> contacts

    @property
    def complete(self) -> bool:
        return self.looked_at >= self.total

    @property
    def reasons(self) -> list[tuple[str, int]]:
        return in_words(self.refused)


def in_words(refused: dict[str, int]) -> list[tuple[str, int]]:
    """Reasons as an editor reads them, the commonest first."""
    found = sorted(refused.items(), key=lambda each: -each[1])
    return [(str(Refusal.Reason(reason).label), number) for reason, number in found]


def forecast(request: EnrolRequest, now: datetime.datetime, seconds: float = FORECAST_SECONDS) -> Forecast:
    """The checks of entering, for contacts of an unsaved request, without entering."""
    campaign = find(request.campaign_id)
    if campaign is None:
        refused = {str(Refusal.Reason.NOT_LIVE): request.total} if request.total else {}
        return Forecast(request.total, request.total, 0, refused)
    stop, cursor, entering, looked_at = time.monotonic() + seconds, 0, 0, 0
    counted: Counter[str] = Counter()
    while ids := _after(request, campaign, cursor, FORECAST_PART, now):
        found = _candidates(request, campaign, ids, now)
        entries.trial(found, now)
        reasons = Counter(candidate.refused for candidate in found)
        entering += reasons.pop("", 0)
        counted += reasons
        cursor, looked_at = ids[-1], looked_at + len(ids)
        if time.monotonic() > stop:
            break
    room = entries.room([campaign]).get(campaign.id, entering)
    if entering > room:
        counted[str(Refusal.Reason.CAP)] += entering - max(0, room)
        entering = max(0, room)
    return Forecast(max(request.total, looked_at), looked_at, entering, dict(counted))


# --- doing it -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Contacts of one request who are looked at in one transaction; the last ones, if it is over then."""

    request: EnrolRequest
    candidates: list[Candidate]
    last: bool


def anything_to_do(now: datetime.datetime) -> bool:
    """Whether a request waits. One look-up in a small index."""
    return EnrolRequest.objects.filter(state=State.WAITING).exists()


def next_part(now: datetime.datetime, limit: int, only: int | None = None) -> Part | None:
    """The next contacts of the smallest request, or of the one with this id, which stays locked. Inside a transaction.

    A campaign that is paused keeps its requests; one that has ended for good, or was unpublished, loses them.
    """
    live = {campaign.id: campaign for campaign in versions.live()}
    paused = [campaign.id for campaign in live.values() if campaign.state == Campaign.State.PAUSED]
    waiting = EnrolRequest.objects.filter(state=State.WAITING).exclude(campaign_id__in=paused)
    if only is not None:
        waiting = waiting.filter(pk=only)
    request = next(iter(db.claim(waiting.order_by("total", "pk"), 1)), None)
    if request is None:
        return None
    campaign = live.get(request.campaign_id)
    if campaign is None or not campaign.admits:
        cancel(request, now, _("the campaign does not run any more"))
        return Part(request, [], True)
    try:
        ids = _after(request, campaign, request.cursor, limit, now)
    except BadRules as error:
        EnrolRequest.objects.filter(pk=request.pk).update(
            state=State.FAILED, note=str(error)[:300], finished_at=now
        )
        return Part(request, [], True)
    request.cursor = ids[-1] if ids else request.cursor
    last = not ids or (request.cursor >= request.contacts[-1] if request.contacts else len(ids) < limit)
    return Part(request, _candidates(request, campaign, ids, now), last)


def settle(part: Part, now: datetime.datetime) -> None:
    """Write down what became of them. In the transaction in which they were considered."""
    request = part.request
    reasons = Counter(candidate.refused for candidate in part.candidates)
    request.entered += reasons.pop("", 0)
    request.refused = dict(Counter(request.refused) + reasons)
    if request.source == Source.API:
        request.answers |= {str(c.contact): c.refused for c in part.candidates}
    fields = {name: getattr(request, name) for name in ("cursor", "entered", "refused", "answers")}
    if part.last:
        fields |= {"state": State.DONE, "finished_at": now}
    EnrolRequest.objects.filter(pk=request.pk, state=State.WAITING).update(**fields)


def fail(request_id: int, error: Exception, now: datetime.datetime) -> None:
    """What cannot be done is not tried for ever."""
    note = f"{type(error).__name__}: {error}"[:300]
    EnrolRequest.objects.filter(pk=request_id, state=State.WAITING).update(
        state=State.FAILED, note=note, finished_at=now
    )


def _candidates(
    request: EnrolRequest, campaign: LiveCampaign, ids: list[int], now: datetime.datetime
) -> list[Candidate]:
    note = _note(request)
    return [Candidate(campaign, contact, request.key, now, note=note) for contact in ids]


def _note(request: EnrolRequest) -> str:
    who = str(request.user) if request.user_id else ""
    if request.source == Source.SEGMENT and request.segment_id:
        words = {"who": who or "—", "segment": request.segment}
        return _("added by %(who)s from the segment “%(segment)s”") % words
    if request.source == Source.PRESENT:
        return _("was in the segment when the campaign went live")
    if request.source == Source.DATE:
        return ""
    if request.source == Source.API:
        return _("added by the API")
    return _("added by %s") % who if who else _("was added")


def _members(request: EnrolRequest) -> QuerySet[Membership]:
    """Who was in the segment when it was asked, and still is."""
    return Membership.objects.filter(
        segment=request.segment_id, left_at__isnull=True, entered_at__lte=request.created_at
    )


def _after(
    request: EnrolRequest, campaign: LiveCampaign, cursor: int, limit: int, now: datetime.datetime
) -> list[int]:
    """Ids of the next contacts, in their order. Raises BadRules where a fixed date asks for filters that cannot be read."""
    if request.source == Source.DATE:
        matching = compiler.contacts_matching(campaign.match, campaign.rules, now)
        found = matching.filter(pk__gt=cursor, created_at__lte=request.created_at).order_by("pk")
        return list(found.values_list("pk", flat=True)[:limit])
    if request.source in (Source.SEGMENT, Source.PRESENT):
        members = _members(request).filter(contact_id__gt=cursor).order_by("contact_id")
        return list(members.values_list("contact_id", flat=True)[:limit])
    start = bisect_right(request.contacts, cursor)
    while part := request.contacts[start : start + limit]:
        known = Contact.objects.filter(compiler.among(part)).order_by("pk").values_list("pk", flat=True)
        if ids := list(known):
            return ids
        start += limit
    return []
