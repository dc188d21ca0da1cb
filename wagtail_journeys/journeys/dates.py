"""Dates that start campaigns: those of contacts are filed ahead of time, and begin journeys when they are due.

An Occurrence is the queue, one for each contact and day. ``look`` files what comes in the next day and a half, now and
then; ``refile`` follows contacts whose date, zone or existence changed; ``take`` hands out what is due. A fixed date
becomes an EnrolRequest when its moment has come.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from wagtail_journeys import db
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.campaigns.triggers.date import CREATED, OWN, DateTrigger
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.journeys.candidates import Candidate
from wagtail_journeys.journeys.models import DateWatch, EnrolRequest, Occurrence
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.membership import Touched

#: How far ahead dates are filed, and how often that is done again.
HORIZON, LOOK_EVERY = datetime.timedelta(hours=36), datetime.timedelta(hours=1)
#: How long decided occurrences are remembered, so that a clock set back or an edit of the offset decides none again.
KEPT = datetime.timedelta(days=60)
#: Parts of a look in one tick; the next tick goes on.
PARTS = 20
MOMENT_BEFORE = datetime.timedelta(microseconds=1)

Row = tuple[int, int, datetime.date, datetime.datetime]


def grace() -> datetime.timedelta:
    """For so long a date that was missed still starts something."""
    return datetime.timedelta(hours=conf.DATE_GRACE)


def look(now: datetime.datetime) -> None:
    """File what comes, and let fixed dates begin. One statement, or two, where there is nothing to do."""
    campaigns = [campaign for campaign in versions.live() if _trigger(campaign)]
    watches = {watch.campaign_id: watch for watch in DateWatch.objects.all()}
    gone = watches.keys() - {campaign.id for campaign in campaigns}
    if gone:
        Occurrence.objects.filter(campaign__in=gone, done_at__isnull=True).delete()
        DateWatch.objects.filter(campaign__in=gone).delete()
    for campaign in campaigns:
        watch = watches.get(campaign.id)
        if watch is None or watch.trigger != _fingerprint(campaign):
            watch = _begin(campaign, now)
        trigger = _trigger(campaign)
        if trigger and campaign.params["kind"] in OWN:
            _look_at(campaign, trigger, watch, now)
        elif trigger:
            _look_at_fixed(campaign, trigger, watch, now)


def _trigger(campaign: LiveCampaign) -> DateTrigger | None:
    """Its trigger, if that is a date; None, too, for one that stops or has ended: it looks at goals only."""
    trigger = registry[campaign.trigger]
    runs = campaign.admits or campaign.state == Campaign.State.PAUSED
    return trigger if runs and isinstance(trigger, DateTrigger) else None


def _own(campaigns: Sequence[LiveCampaign]) -> list[tuple[LiveCampaign, DateTrigger]]:
    found = [(campaign, _trigger(campaign)) for campaign in campaigns]
    return [(c, trigger) for c, trigger in found if trigger and c.params["kind"] in OWN]


def _fingerprint(campaign: LiveCampaign) -> dict[str, Any]:
    """Another trigger, another zone or another time of going live: its dates are filed anew."""
    live_since = campaign.live_since.isoformat() if campaign.live_since else ""
    return {"params": campaign.params, "zone": campaign.zone, "live_since": live_since}


def _begin(campaign: LiveCampaign, now: datetime.datetime) -> DateWatch:
    """Nothing from before this trigger was published, and nothing that an earlier one has filed."""
    published = CampaignVersion.objects.values_list("created_at", flat=True).get(pk=campaign.version)
    since = max(published, campaign.live_since or published)
    with db.batch(Occurrence):
        Occurrence.objects.filter(campaign=campaign.id, done_at__isnull=True).delete()
        return DateWatch.objects.update_or_create(
            campaign_id=campaign.id,
            defaults={
                "trigger": _fingerprint(campaign),
                "since": since,
                "until": since,
                "looked_at": now - LOOK_EVERY,
                "cursor": 0,
            },
        )[0]


# --- a fixed date -----------------------------------------------------------------------------------------------------------


def _look_at_fixed(
    campaign: LiveCampaign, trigger: DateTrigger, watch: DateWatch, now: datetime.datetime
) -> None:
    """When the moment has come: a request for all who match, in parts, or the reason why not."""
    moment = trigger.fixed(campaign.params)
    if moment is None or moment > now or moment < watch.since or watch.until >= moment > watch.since:
        return
    key = f"date:{moment.astimezone(datetime.UTC).isoformat()}"
    state, note = EnrolRequest.State.WAITING, ""
    if moment + grace() < now:
        state, note = EnrolRequest.State.CANCELLED, _("the date had been over for too long")
    elif not campaign.admits:
        state, note = EnrolRequest.State.CANCELLED, _("the campaign lets nobody in at the moment")
    with db.batch(EnrolRequest):
        if not EnrolRequest.objects.filter(campaign=campaign.id, key=key).exists():
            EnrolRequest.objects.create(
                campaign_id=campaign.id,
                key=key,
                source=EnrolRequest.Source.DATE,
                total=Contact.objects.filter(created_at__lte=moment).count(),
                state=state,
                note=note,
                created_at=moment,
                finished_at=None if state == EnrolRequest.State.WAITING else now,
            )
        DateWatch.objects.filter(pk=watch.pk).update(until=moment)


# --- dates of contacts ------------------------------------------------------------------------------------------------------


def _look_at(campaign: LiveCampaign, trigger: DateTrigger, watch: DateWatch, now: datetime.datetime) -> None:
    """Once an hour, part by part; after a time in which nobody looked, from where it had come to."""
    if not watch.cursor and watch.looked_at <= now < watch.looked_at + LOOK_EVERY:
        return
    if not watch.cursor:
        watch.looked_at = now
        DateWatch.objects.filter(pk=watch.pk).update(looked_at=now)
        Occurrence.objects.filter(campaign=campaign.id, done_at__lt=now - KEPT).delete()
    for _part in range(PARTS):
        if not _file_part(campaign, trigger, watch):
            return


def _file_part(campaign: LiveCampaign, trigger: DateTrigger, watch: DateWatch) -> bool:
    """The next contacts of a look; False when it is done, or somebody else is at it."""
    since, until = max(watch.since, min(watch.until, watch.looked_at)), watch.looked_at + HORIZON
    with db.batch(Occurrence):
        if not db.try_lock(Occurrence, f"dates:{campaign.id}"):
            return False
        near = Contact.objects.filter(trigger.around(campaign.params, since, until))
        contacts = list(near.filter(pk__gt=watch.cursor).order_by("pk")[: conf.ENROL_BATCH])
        _file(_rows(campaign, trigger, contacts, since, until))
        more = len(contacts) == conf.ENROL_BATCH
        watch.cursor = contacts[-1].pk if more else 0
        if not more:
            watch.until = until
        DateWatch.objects.filter(pk=watch.pk).update(cursor=watch.cursor, until=watch.until)
    return more


def _rows(
    campaign: LiveCampaign,
    trigger: DateTrigger,
    contacts: Collection[Contact],
    since: datetime.datetime,
    until: datetime.datetime,
) -> list[Row]:
    return [
        (campaign.id, contact.pk, day, due)
        for contact in contacts
        for day, due in trigger.occurrences(
            campaign.params,
            trigger.value(campaign.params, contact),
            since,
            until,
            contact.time_zone,
            campaign.zone,
        )
    ]


def _file(rows: list[Row]) -> None:
    """What was decided stays decided; what is there already is due at the new moment."""
    db.insert_rows(
        Occurrence,
        ["campaign", "contact", "day", "due_at"],
        rows,
        on_conflict="(campaign_id, contact_id, day) DO UPDATE SET due_at = excluded.due_at "
        "WHERE wagtail_journeys_occurrence.done_at IS NULL",
        returning=(),
    )


def refile(
    campaigns: Sequence[LiveCampaign],
    touched: Touched,
    events: Sequence[Recorded],
    now: datetime.datetime,
) -> None:
    """Follow contacts whose date, zone or existence changed. In the transaction of the batch; a few statements for each
    campaign that waits for such a date, none where there is no such campaign.

    A date that was over already when it became known starts nothing.
    """
    dated = _own(campaigns)
    if not dated:
        return
    watches: Mapping[int, DateWatch] = DateWatch.objects.in_bulk(
        [campaign.id for campaign, _trigger in dated]
    )
    known: dict[int, datetime.datetime] = {}
    for event in events:
        if event.contact_id:
            known[event.contact_id] = min(event.received_at, known.get(event.contact_id, now))
    for campaign, trigger in dated:
        watch = watches.get(campaign.id)
        if watch is None:
            continue  # the first look finds everybody
        changed = set(touched.created) | touched.fields.get("time_zone", set())
        if campaign.params["kind"] != CREATED:
            changed |= touched.fields.get(f"attributes.{campaign.params['attribute']}", set())
        if changed:
            _refile(campaign, trigger, watch, changed, known, now)


def _refile(
    campaign: LiveCampaign,
    trigger: DateTrigger,
    watch: DateWatch,
    changed: set[int],
    known: Mapping[int, datetime.datetime],
    now: datetime.datetime,
) -> None:
    filed = Occurrence.objects.filter(
        compiler.among(changed, "contact_id"), campaign=campaign.id, done_at__isnull=True
    )
    old = {(contact, day): pk for pk, contact, day in filed.values_list("pk", "contact_id", "day")}
    contacts = list(Contact.objects.filter(compiler.among(changed)))
    rows = _rows(campaign, trigger, contacts, watch.since, watch.looked_at + HORIZON)
    moments = {contact.pk: min(known.get(contact.pk, now), now) for contact in contacts}
    if campaign.params["kind"] == CREATED:
        new = [contact for contact in contacts if contact.created_at > now - grace()]
        moments |= {c.pk: min(moments[c.pk], c.created_at - MOMENT_BEFORE) for c in new}
    kept = [row for row in rows if (row[1], row[2]) in old or row[3] > moments[row[1]]]
    stays = {(row[1], row[2]) for row in kept}
    gone = [pk for place, pk in old.items() if place not in stays]
    if gone:
        Occurrence.objects.filter(compiler.among(gone)).delete()
    _file(kept)


# --- what is due ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """Occurrences that are decided now, and the contacts whom they may let in."""

    rows: list[int]
    candidates: list[Candidate]


def anything_due(now: datetime.datetime) -> bool:
    """One look-up in an index of what is not decided yet."""
    return Occurrence.objects.filter(done_at__isnull=True, due_at__lte=now).exists()


def take(now: datetime.datetime, limit: int) -> Due:
    """The oldest occurrences that are due, locked until the transaction ends. What has changed unheard is filed anew."""
    dated = {campaign.id: (campaign, trigger) for campaign, trigger in _own(versions.live())}
    due = Occurrence.objects.filter(done_at__isnull=True, due_at__lte=now, campaign__in=list(dated))
    rows = db.claim(due.order_by("due_at", "pk"), limit)
    contacts = Contact.objects.in_bulk({row.contact_id for row in rows}) if rows else {}
    candidates: list[Candidate] = []
    moved: list[tuple[int, datetime.datetime]] = []
    gone: list[int] = []
    for row in rows:
        campaign, trigger = dated[row.campaign_id]
        contact = contacts.get(row.contact_id)
        value = trigger.value(campaign.params, contact) if contact else None
        zones = (contact.time_zone, campaign.zone) if contact else ()
        moment = trigger.due(campaign.params, value, row.day, *zones)
        if moment is None:
            gone.append(row.pk)
        elif moment > now:
            moved.append((row.pk, moment))
        else:
            key = f"date:{row.day.isoformat()}"
            candidates.append(Candidate(campaign, row.contact_id, key, moment, until=moment + grace()))
    db.update_rows(Occurrence, "id", ["due_at"], moved)
    if gone:
        Occurrence.objects.filter(compiler.among(gone)).delete()
    aside = {pk for pk, _moment in moved} | set(gone)
    return Due([row.pk for row in rows if row.pk not in aside], candidates)


def done(due: Due, now: datetime.datetime) -> None:
    """Decided, whatever was decided. In the same transaction."""
    Occurrence.objects.filter(compiler.among(due.rows)).update(done_at=now, due_at=F("due_at"))
