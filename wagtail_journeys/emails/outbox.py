"""Messages are queued here, in the transaction that decides on them, and called back here. Sending is ``delivery``."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.contacts.models import address_hash, normalise_email

from .models import Message

#: States in which a message can still be called back.
RECALLABLE = (Message.State.QUEUED, Message.State.DEFERRED, Message.State.CLAIMED)

_NAMES = [
    "uuid",
    "visit",
    "campaign",
    "step_id",
    "contact",
    "topic",
    "ignores_topics",
    "template",
    "entry_event_id",
    "variant",
    "send_key",
    "when_full",
    "hold_until",
    "capped_at",
    "address",
    "address_hash",
    "merge",
    "context",
    "subject",
    "state",
    "reason",
    "due_at",
    "attempts",
    "header_id",
    "claim",
    "verdict",
    "created_at",
    "settled_at",
]


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision to send: ids, the contact's address, and what the step says about merge tags.

    ``topic`` None means that the email ignores topics. ``merge`` is ``{"defaults": {tag: text}, "mapping": {tag: path}}``
    and what the step says instead of the template. ``occasion`` "" means that the address may get it any number of times;
    ``refused`` says why the message is written down and not sent.
    """

    visit: int | None
    campaign: int | None
    step_id: str
    contact: int
    address: str | None
    topic: int | None
    template: int
    entry_event: int | None = None
    merge: dict[str, Any] = field(default_factory=dict)
    occasion: str = ""
    variant: str = ""
    when_full: str = "skip"
    hold_until: datetime.datetime | None = None
    capped_at: datetime.datetime | None = None
    refused: str = ""


def sending_domain() -> str:
    """The domain after which Message-IDs are named: that of the address the site sends from."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain.encode("idna").decode() if domain else "localhost"


def queue_many(drafts: Sequence[Draft], now: datetime.datetime) -> int:
    """Queue a message for each draft whose visit has none yet, in one statement. Returns how many were written.

    A contact without an address gets a message all the same, in the state "not sent" with that reason: nothing that
    was decided goes unseen. So does one whose address the same send has reached already; two statements more then.
    """
    written = _insert([(draft, draft.refused) for draft in drafts], now)
    missing = {draft.visit for draft in drafts if draft.visit is not None} - written
    if missing:
        said = _t("the address gets this email already, as that of another contact")
        present = set(Message.objects.filter(visit__in=missing).values_list("visit", flat=True))
        twice = [draft for draft in drafts if draft.visit in missing - present]
        written |= _insert([(draft, said) for draft in twice], now)
    return len(written)


def send_key(draft: Draft, address: str) -> uuid.UUID | None:
    """The same for two emails that are one send to one address (semantics C5); None where nothing is compared."""
    if not draft.occasion or draft.campaign is None:
        return None
    said = f"{draft.campaign}\n{draft.step_id}\n{draft.occasion}\n{address}"
    return uuid.UUID(bytes=hashlib.blake2b(said.encode(), digest_size=16).digest())


def _insert(drafts: Sequence[tuple[Draft, str]], now: datetime.datetime) -> set[int | None]:
    """Write messages down, those with a reason as not sent. Returns the visits of those that were written."""
    domain = sending_domain()
    rows: list[tuple[Any, ...]] = []
    for draft, refused in drafts:
        key = uuid.uuid4()
        address = normalise_email(draft.address or "")
        reason = "" if address else _t("the contact has no email address")
        reason = reason or refused
        rows.append(
            (
                key,
                draft.visit,
                draft.campaign,
                draft.step_id,
                draft.contact,
                draft.topic,
                draft.topic is None,
                draft.template,
                draft.entry_event,
                draft.variant,
                None if reason else send_key(draft, address),
                draft.when_full,
                draft.hold_until,
                draft.capped_at,
                address,
                address_hash(address) if address else "",
                draft.merge,
                {},
                "",
                Message.State.CANCELLED.value if reason else Message.State.QUEUED.value,
                reason[:500],
                None if reason else now,
                0,
                f"<{key}@{domain}>",
                "",
                "",
                now,
                now if reason else None,
            )
        )
    inserted = db.insert_rows(Message, _NAMES, rows, ignore_conflicts=True, returning=["id", "visit"])
    return {visit if visit is not None else -pk for pk, visit in inserted}


def cancel_for(q: Q, reason: str, now: datetime.datetime) -> int:
    """Call back the messages that match ``q`` and are not yet being handed over. Returns how many."""
    return (
        Message.objects.filter(q, state__in=RECALLABLE)
        .order_by()
        .update(
            state=Message.State.CANCELLED,
            reason=reason[:500],
            settled_at=now,
            due_at=None,
            claim="",
            send_key=None,
        )
    )
