"""What providers and mail servers report after the hand-over: delivered, bounced, reported as spam.

A report is written down as it comes, once, and looked at later in batches: it may come before the hand-over is settled,
twice, and in any order. A message keeps the gravest of what was said about it. Addresses that do not exist and receivers
who complained are suppressed at once, those that could not be reached again and again when JOURNEYS_SOFT_BOUNCES says so.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import Suppression, Topic
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming

from . import outbox, telling
from .models import Message
from .telling import Told
from .traffic import Feedback

Kind = Feedback.Kind
Verdict = Message.Verdict

#: From the lightest to the gravest. A complaint proves that the message arrived, so it outweighs a bounce.
GRAVITY = ["", Verdict.SOFT, Verdict.DELIVERED, Verdict.HARD, Verdict.COMPLAINED]
VERDICTS = {
    Kind.DELIVERED: Verdict.DELIVERED,
    Kind.SOFT: Verdict.SOFT,
    Kind.FAILED: Verdict.SOFT,
    Kind.HARD: Verdict.HARD,
    Kind.COMPLAINED: Verdict.COMPLAINED,
}
EVENTS = {
    Kind.DELIVERED: (catalogue.EMAIL_DELIVERED, ""),
    Kind.SOFT: (catalogue.EMAIL_BOUNCED, "soft"),
    Kind.HARD: (catalogue.EMAIL_BOUNCED, "hard"),
    Kind.COMPLAINED: (catalogue.EMAIL_COMPLAINED, ""),
}
#: The provider of what the mail server itself said during the hand-over.
SMTP = "smtp"
#: Source of what a provider says about consent.
PROVIDER = "provider"


@dataclass
class Looked:
    """How many reports were looked at, and the hashes of addresses that are suppressed since."""

    reports: int = 0
    suppressed: set[str] = field(default_factory=set)


def anything_due(now: datetime.datetime) -> bool:
    return Feedback.objects.filter(due_at__lte=now).exists()


def look(now: datetime.datetime, limit: int) -> Looked:
    """Look at the oldest reports, in the caller's transaction. The number of statements does not grow with them."""
    rows = db.claim(Feedback.objects.filter(due_at__lte=now).order_by("due_at", "pk"), limit)
    if not rows:
        return Looked()
    messages = _messages(rows)
    about: dict[int, Told] = {}  # by the report's id
    for row in rows:
        found = messages.get(row.message_id or 0) or messages.get(row.message_key)
        if found is not None:
            about[row.pk] = found
            row.message_id, row.address_hash = found.pk, found.address_hash
    _give_verdicts(rows, about, now)
    inbox.accept_many(_events(rows, about), now, wake=False)
    _unsubscribe([row for row in rows if row.kind == Kind.UNSUBSCRIBED], about, now)
    db.update_rows(
        Feedback,
        "id",
        ["message", "address_hash", "due_at", "raw"],
        [(row.pk, row.message_id, row.address_hash, None, {}) for row in rows],
    )
    return Looked(len(rows), _suppress(rows, now))


def give_up(now: datetime.datetime, error: Exception) -> int:
    """The oldest report cannot be understood: it is left as it came, with the reason."""
    oldest = Feedback.objects.filter(due_at__lte=now).order_by("due_at", "pk").values("pk")[:1]
    words = f"{type(error).__name__}: {error}"[:500]
    return Feedback.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).update(
        due_at=None, error=words
    )


def _messages(rows: Sequence[Feedback]) -> dict[int | str, Told]:
    """The messages that reports are about, by their number and by what the report calls them. One statement."""
    keys = {row.message_key: key for row in rows if (key := _uuid(row.message_key)) is not None}
    numbers = {row.message_id for row in rows if row.message_id}
    found: dict[int | str, Told] = {}
    by_uuid: dict[uuid.UUID, Told] = {}
    for message in telling.about(Message.objects.filter(Q(pk__in=numbers) | Q(uuid__in=keys.values()))):
        found[message.pk] = by_uuid[message.uuid] = message
    return found | {name: by_uuid[key] for name, key in keys.items() if key in by_uuid}


def _uuid(key: str) -> uuid.UUID | None:
    """Of a message's uuid, or of a Message-ID, which begins with it."""
    try:
        return uuid.UUID(key.strip("<>").partition("@")[0])
    except ValueError:
        return None


# What follows from them -----------------------------------------------------------------------------------------------


def _give_verdicts(rows: Sequence[Feedback], about: Mapping[int, Told], now: datetime.datetime) -> None:
    """The gravest of what was said stays; and what was perhaps sent has been sent, or nobody could say so."""
    best: dict[int, tuple[str, datetime.datetime]] = {}
    for row in rows:
        verdict = VERDICTS.get(Kind(row.kind))
        if verdict is None or row.pk not in about:
            continue
        message = about[row.pk]
        before = best[message.pk][0] if message.pk in best else message.verdict
        if GRAVITY.index(verdict) > GRAVITY.index(before):
            best[message.pk] = (verdict.value, row.happened_at)
    db.update_rows(
        Message, "id", ["verdict", "verdict_at"], [(pk, *said) for pk, said in sorted(best.items())]
    )
    proven = [about[row.pk].pk for row in rows if row.pk in about and row.provider != SMTP]
    # Due, so that the next look at the queue tells that they were sent.
    Message.objects.filter(pk__in=proven, state=Message.State.UNKNOWN).update(
        state=Message.State.SENT, reason=_t("The provider has reported about it."), due_at=now, settled_at=now
    )


def _events(rows: Sequence[Feedback], about: Mapping[int, Told]) -> list[Incoming]:
    told = []
    for row in rows:
        if row.pk in about and row.kind in EVENTS:
            name, bounce = EVENTS[Kind(row.kind)]
            more = {"kind": bounce, "reason": row.reason[:200]} if bounce else {}
            told.append(about[row.pk].event(name, row.happened_at, more, bounce))
    return told


def _suppress(rows: Sequence[Feedback], now: datetime.datetime) -> set[str]:
    """Returns the hashes of those that were not suppressed before."""
    Reason = Suppression.Reason
    new: set[str] = set()
    for kind, reason in ((Kind.COMPLAINED, Reason.COMPLAINT), (Kind.HARD, Reason.HARD_BOUNCE)):
        hashes = [row.address_hash for row in rows if row.kind == kind and row.address_hash]
        if hashes:
            new |= suppression.suppress_hashes(hashes, reason, _t("reported after an email"), now)
    most, days = conf.SOFT_BOUNCES
    soft = {row.address_hash for row in rows if row.kind == Kind.SOFT and row.address_hash}
    if not most or not soft:
        return new
    counted = Feedback.objects.filter(
        kind=Kind.SOFT,
        is_spent=False,
        address_hash__in=soft,
        happened_at__gt=now - datetime.timedelta(days=days),
    )
    often = counted.values("address_hash").annotate(n=Count("message", distinct=True)).filter(n__gte=most)
    hashes = list(often.order_by().values_list("address_hash", flat=True))
    if hashes:
        words = _t("%(number)d emails could not be delivered within %(days)d days")
        note = words % {"number": most, "days": days}
        new |= suppression.suppress_hashes(hashes, Reason.HARD_BOUNCE, note, now)
        # Whoever is sent to again later begins from nothing.
        Feedback.objects.filter(kind=Kind.SOFT, address_hash__in=hashes).update(is_spent=True)
    return new


def _unsubscribe(rows: Sequence[Feedback], about: Mapping[int, Told], now: datetime.datetime) -> None:
    """The provider's own unsubscribe link ends the topic of the message, as ours does."""
    by_topic: dict[int, dict[int, Told]] = defaultdict(dict)
    for row in rows:
        message = about.get(row.pk)
        if message is not None and message.topic:
            by_topic[message.topic][message.contact] = message
    for topic in Topic.objects.filter(pk__in=by_topic):
        contacts = by_topic[topic.pk]
        consent.record(contacts.keys(), topic, consent.REFUSED, PROVIDER, now)
        outbox.cancel_for(Q(contact_id__in=contacts.keys(), topic=topic), _t("the contact unsubscribed"), now)
        told = [
            Incoming(
                source=PROVIDER,
                name=catalogue.CONSENT_CHANGED,
                occurred_at=now,
                contact_id=contact,
                properties={"topic": topic.slug, "state": str(consent.REFUSED), "by": PROVIDER,
                            "message": str(message.uuid)},
            )
            for contact, message in contacts.items()
        ]  # fmt: skip
        inbox.accept_many(told, now, wake=False)
