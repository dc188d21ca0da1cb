"""What steps have decided, done for a whole batch: one bulk statement, or a few, per kind of effect."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import (
    Advance,
    CallHttp,
    ChangeContact,
    ChangeList,
    Effect,
    EndCampaign,
    Exit,
    KeepData,
    NotifyTeam,
    Outcome,
    RecordEvent,
    SendEmail,
    WaitUntil,
)
from wagtail_journeys.contacts import changes
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import notices, outbox
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.journeys import calling, endings
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.journeys.travelling import Moved, Traveller
from wagtail_journeys.segments import compiler, lists
from wagtail_journeys.segments.membership import Change
from wagtail_journeys.segments.models import Segment


def do(
    group: list[Traveller],
    outcomes: dict[int, Outcome],
    again: set[int],
    moved: Moved,
    now: datetime.datetime,
) -> None:
    """Do what the outcomes ask for, one bulk statement or a few per kind; nothing for the journeys that were here before."""
    wanted: dict[type[Effect], list[tuple[Traveller, Any]]] = defaultdict(list)
    for traveller in group:
        outcome = outcomes[traveller.id]
        if not isinstance(outcome, Advance | WaitUntil | Exit) or traveller.id in again:
            continue
        for effect in outcome.effects:
            wanted[type(effect)].append((traveller, effect))
            moved.chains[traveller.contact] = max(traveller.chain, moved.chains.get(traveller.contact, 0))
    updates = [(traveller.contact, effect) for traveller, effect in wanted[ChangeContact]]
    for name, contacts in changes.apply(updates).items():
        moved.fields[name] |= contacts
    moved.changes += _change_lists(wanted[ChangeList], now)
    _record_events(wanted[RecordEvent], now)
    _end_campaigns(wanted[EndCampaign], now)
    notices.queue_many(
        [
            notices.Draft(traveller.visit, effect.recipients, effect.subject, effect.text)
            for traveller, effect in wanted[NotifyTeam]
        ],
        now,
    )
    moved.messages += _queue_emails(wanted[SendEmail], now)
    calling.queue(wanted[CallHttp], now)
    calling.keep(wanted[KeepData])


def _change_lists(wanted: list[tuple[Traveller, ChangeList]], now: datetime.datetime) -> list[Change]:
    """One pair of statements per list that the step names."""
    if not wanted:
        return []
    chosen: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for traveller, effect in wanted:
        chosen[(effect.segment, effect.add)].append(traveller.contact)
    segments = Segment.objects.in_bulk({segment for segment, _add in chosen})
    made: list[Change] = []
    for (segment, add), contacts in chosen.items():
        if segment in segments:
            made += (lists.add if add else lists.remove)(segments[segment], contacts, now)
    return made


def _record_events(wanted: list[tuple[Traveller, RecordEvent]], now: datetime.datetime) -> None:
    """Through the inbox, like any other event; the chain says how many campaigns have led to it (S7)."""
    inbox.accept_many(
        [
            Incoming(
                source=catalogue.ENGINE,
                name=effect.name,
                message_id=f"visit:{traveller.visit}:{effect.name}"[:100],
                occurred_at=now,
                contact_id=traveller.contact,
                properties={
                    **effect.properties,
                    catalogue.CHAIN: traveller.chain + 1,
                    "by_campaign": traveller.campaign,
                },
            )
            for traveller, effect in wanted
        ],
        now,
        wake=False,
    )


def _end_campaigns(wanted: list[tuple[Traveller, EndCampaign]], now: datetime.datetime) -> None:
    """One statement to end, one for the visits, per campaign that the step names."""
    chosen: dict[int, list[Traveller]] = defaultdict(list)
    for traveller, effect in wanted:
        chosen[effect.campaign].append(traveller)
    for campaign, travellers in chosen.items():
        theirs = Journey.objects.filter(
            compiler.among({traveller.contact for traveller in travellers}, "contact_id"),
            campaign=campaign,
        ).exclude(pk__in=[traveller.id for traveller in travellers])
        endings.end(theirs, _t("ended by another campaign"), now)


def _queue_emails(emails: list[tuple[Traveller, SendEmail]], now: datetime.datetime) -> int:
    if emails:
        addresses = dict(
            Contact.objects.filter(pk__in={t.contact for t, _effect in emails}).values_list("pk", "email")
        )
        campaigns = {
            pk: (topic, frequency)
            for pk, topic, frequency in Campaign.objects.filter(
                pk__in={t.campaign for t, _effect in emails}
            ).values_list("pk", "topic_id", "frequency")
        }
        return outbox.queue_many(
            [
                outbox.Draft(
                    visit=traveller.visit,
                    campaign=traveller.campaign,
                    step_id=traveller.step,
                    contact=traveller.contact,
                    address=addresses.get(traveller.contact),
                    topic=campaigns[traveller.campaign][0],
                    template=effect.template,
                    entry_event=traveller.entry_event,
                    merge=effect.merge,
                    occasion=_occasion(traveller, campaigns[traveller.campaign][1]),
                    variant=effect.variant,
                    when_full=effect.when_full,
                    hold_until=effect.hold_until,
                    capped_at=effect.capped_at,
                    refused=effect.refused,
                )
                for traveller, effect in emails
            ],
            now,
        )
    return 0


def _occasion(traveller: Traveller, frequency: str) -> str:
    """What makes two emails of one step the same send (semantics C5).

    Where contacts enter once: the campaign itself (or the order, with a run key). Otherwise the event that let the
    contact in, or the moment at which it entered together with others.
    """
    if frequency == Campaign.Frequency.ONCE:
        return f"once:{traveller.run_key}"
    if traveller.entry_event is not None:
        return f"event:{traveller.entry_event}"
    return f"run:{traveller.entered_at.isoformat()}"
