"""Two contacts who are one person become one: what would move, and moving it. Only ever asked for by somebody."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import connections, models, router
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, Greatest
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.calls.models import Call
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Identity
from wagtail_journeys.emails import outbox
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.journeys import telling
from wagtail_journeys.journeys.models import Journey, PendingEntry, Refusal, Visit
from wagtail_journeys.segments.models import Membership

#: What the contact that stays keeps, and gets from the other one where it has nothing itself.
FIELDS = ("email", "external_id", "first_name", "last_name", "locale", "time_zone", "country")


@dataclass(frozen=True)
class Moving:
    """How much would go from one contact to the other."""

    events: int
    browsers: int
    journeys: int
    ending: int  # of the journeys: those that end, as the other contact is in the same campaign
    messages: int
    segments: int
    consents: int


def count(gone: Contact, kept: Contact) -> Moving:
    """What a merge would move. Seven statements."""
    return Moving(
        events=Event.objects.filter(contact=gone).count(),
        browsers=Identity.objects.filter(contact=gone).count(),
        journeys=Journey.objects.filter(contact=gone).count(),
        ending=_running_twice(gone.pk, kept.pk).count(),
        messages=Message.objects.filter(contact=gone).count(),
        segments=Membership.objects.filter(contact=gone, left_at__isnull=True).count(),
        consents=ConsentState.objects.filter(contact=gone).count(),
    )


def merged_values(kept: Contact, gone: Contact) -> dict[str, Any]:
    """What the contact that stays will say."""
    values: dict[str, Any] = {name: getattr(kept, name) or getattr(gone, name) for name in FIELDS}
    seen = [at for at in (kept.last_seen_at, gone.last_seen_at) if at]
    return values | {
        "attributes": {**gone.attributes, **kept.attributes},
        "points": kept.points + gone.points,
        "lifetime_value": kept.lifetime_value + gone.lifetime_value,
        "orders": kept.orders + gone.orders,
        "created_at": min(kept.created_at, gone.created_at),
        "last_seen_at": max(seen) if seen else None,
        # Who wanted less is heard, whichever of the two it was.
        **{name: _latest(kept, gone, name) for name in ("paused_until", "unsubscribed_at")},
    }


def _latest(kept: Contact, gone: Contact, name: str) -> datetime.datetime | None:
    given = [at for at in (getattr(kept, name), getattr(gone, name)) if at]
    return max(given) if given else None


def move(kept_id: int, gone_id: int, now: datetime.datetime) -> bool:
    """Give everything of one contact to another one, and delete it. False where one of them is gone already.

    Must run inside a transaction. The number of statements does not depend on how much there is.
    """
    both = [kept_id, gone_id]
    _locked(Journey.objects.filter(contact_id__in=both))  # in the order in which the engine takes them
    contacts = {contact.pk: contact for contact in _locked(Contact.objects.filter(pk__in=both))}
    if kept_id == gone_id or len(contacts) < 2:
        return False
    values = merged_values(contacts[kept_id], contacts[gone_id])
    _journeys(kept_id, gone_id, now)
    _memberships(kept_id, gone_id, now)
    _consents(kept_id, gone_id)
    _refusals(kept_id, gone_id)
    for model in (Call, Event, Identity, Message, PendingEntry):
        model._default_manager.filter(contact_id=gone_id).update(contact_id=kept_id)
    _inbox(kept_id, gone_id)
    Contact.objects.filter(pk=gone_id).delete()
    Contact.objects.filter(pk=kept_id).update(**values)
    return True


def _locked(rows: QuerySet[Any]) -> list[Any]:
    rows = rows.order_by("pk")
    if connections[router.db_for_write(rows.model)].features.has_select_for_update:
        rows = rows.select_for_update(of=("self",))
    return list(rows)


def _of_both(model: type[models.Model], kept_id: int, **same: Any) -> Exists:
    """Whether the contact that stays has such a row too."""
    return Exists(model._default_manager.filter(contact_id=kept_id, **same))


def _running_twice(gone_id: int, kept_id: int) -> QuerySet[Journey]:
    """Active journeys in a campaign that lets a contact be inside once, in which the other contact is as well."""
    return Journey.objects.filter(
        _of_both(
            Journey,
            kept_id,
            campaign=OuterRef("campaign"),
            active_key=OuterRef("active_key"),
            state=Journey.State.ACTIVE,
        ),
        contact_id=gone_id,
        state=Journey.State.ACTIVE,
        active_key__isnull=False,
    )


def _journeys(kept_id: int, gone_id: int, now: datetime.datetime) -> None:
    reason = _t("merged with a contact who was inside as well")
    about = ("pk", "campaign_id", "version_id", "chain")
    leaving = list(_running_twice(gone_id, kept_id).values_list(*about))
    ending = [pk for pk, *_about in leaving]
    outbox.cancel_for(Q(visit__journey__in=ending), reason, now)
    Visit.objects.filter(journey__in=ending, left_at__isnull=True).update(
        left_at=now, outcome=Visit.Outcome.EXITED, reason=reason
    )
    Journey.objects.filter(pk__in=ending).update(
        state=Journey.State.EXITED, ended_at=now, due_at=None, end_reason=reason
    )
    telling.ended(
        [
            telling.Of(pk, campaign, version, kept_id, chain, Journey.State.EXITED.value, reason)
            for pk, campaign, version, chain in leaving
        ],
        now,
    )
    same = _of_both(Journey, kept_id, campaign=OuterRef("campaign"), entry_key=OuterRef("entry_key"))
    Journey.objects.filter(same, contact_id=gone_id).update(
        entry_key=Concat(Value("merged:"), Cast("pk", CharField()))
    )
    Journey.objects.filter(contact_id=gone_id).update(contact_id=kept_id)


def _memberships(kept_id: int, gone_id: int, now: datetime.datetime) -> None:
    twice = _of_both(Membership, kept_id, segment=OuterRef("segment"), left_at__isnull=True)
    Membership.objects.filter(twice, contact_id=gone_id, left_at__isnull=True).update(left_at=now)
    Membership.objects.filter(contact_id=gone_id).update(contact_id=kept_id)


def _consents(kept_id: int, gone_id: int) -> None:
    """The newest word on each topic counts, whoever of the two gave it; of two at one moment, the refusal."""
    ConsentEntry.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    for loser, winner in ((gone_id, kept_id), (kept_id, gone_id)):
        newer = ConsentState.objects.filter(contact_id=winner, topic=OuterRef("topic"))
        ConsentState.objects.filter(
            Exists(newer.filter(since__gt=OuterRef("since")))
            | (
                Exists(newer.filter(since=OuterRef("since"), state=ConsentEntry.State.REFUSED))
                & Q(state=ConsentEntry.State.GRANTED)
            ),
            contact_id=loser,
        ).delete()
    same = _of_both(ConsentState, kept_id, topic=OuterRef("topic"))
    ConsentState.objects.filter(same, contact_id=gone_id).delete()
    ConsentState.objects.filter(contact_id=gone_id).update(contact_id=kept_id)


def _refusals(kept_id: int, gone_id: int) -> None:
    key = {"campaign": OuterRef("campaign"), "reason": OuterRef("reason")}
    other = Refusal.objects.filter(contact_id=gone_id, **key)
    Refusal.objects.filter(Exists(other), contact_id=kept_id).update(
        count=F("count") + Subquery(other.values("count")[:1]),
        last_at=Greatest("last_at", Subquery(other.values("last_at")[:1])),
    )
    Refusal.objects.filter(_of_both(Refusal, kept_id, **key), contact_id=gone_id).delete()
    Refusal.objects.filter(contact_id=gone_id).update(contact_id=kept_id)


def _inbox(kept_id: int, gone_id: int) -> None:
    """Events on their way that know their contact by number."""
    waiting = InboxItem.objects.filter(payload__contact_id=gone_id).values_list("pk", "payload")
    db.update_rows(
        InboxItem, "id", ["payload"], [(pk, payload | {"contact_id": kept_id}) for pk, payload in waiting]
    )
