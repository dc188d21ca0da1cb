"""Messages are queued here, in the transaction that decides on them, and called back here. Sending is ``delivery``."""

from __future__ import annotations

import datetime
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
    "created_at",
    "settled_at",
]


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision to send: ids, the contact's address, and what the step says about merge tags.

    ``topic`` None means that the email ignores topics. ``merge`` is ``{"defaults": {tag: text}}``.
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


def sending_domain() -> str:
    """The domain after which Message-IDs are named: that of the address the site sends from."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain.encode("idna").decode() if domain else "localhost"


def queue_many(drafts: Sequence[Draft], now: datetime.datetime) -> int:
    """Queue a message for each draft whose visit has none yet, in one statement. Returns how many were written.

    A contact without an address gets a message all the same, in the state "not sent" with that reason: nothing that
    was decided goes unseen.
    """
    domain = sending_domain()
    rows: list[tuple[Any, ...]] = []
    for draft in drafts:
        key = uuid.uuid4()
        address = normalise_email(draft.address or "")
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
                address,
                address_hash(address) if address else "",
                draft.merge,
                {},
                "",
                Message.State.QUEUED.value if address else Message.State.CANCELLED.value,
                "" if address else _t("the contact has no email address"),
                now if address else None,
                0,
                f"<{key}@{domain}>",
                "",
                now,
                None if address else now,
            )
        )
    return len(db.insert_rows(Message, _NAMES, rows, ignore_conflicts=True))


def cancel_for(q: Q, reason: str, now: datetime.datetime) -> int:
    """Call back the messages that match ``q`` and are not yet being handed over. Returns how many."""
    return (
        Message.objects.filter(q, state__in=RECALLABLE)
        .order_by()
        .update(state=Message.State.CANCELLED, reason=reason[:500], settled_at=now, due_at=None, claim="")
    )
