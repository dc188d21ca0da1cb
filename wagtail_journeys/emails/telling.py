"""What became of messages, told as events. Their ids come from the messages', so that nothing is told twice."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from wagtail_journeys import db
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming

from .models import Message
from .traffic import Feedback

#: What a mail server says when the address itself is wrong; the other codes of its family are about us.
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(?:1|2|3|6|10)\b")


def tell(ids: Collection[int], now: datetime.datetime) -> None:
    """Tell that these messages were sent or refused, and that they need no more looking after. A few statements.

    Until then such a message is due: whoever dies before this leaves it to ``recovering``. What the mail server refused
    becomes feedback, like what a provider reports later.
    """
    if not ids:
        return
    with db.batch(Message):
        messages = Message.objects.filter(pk__in=ids, state=Message.State.SENT)
        told = [message.event(catalogue.EMAIL_SENT, message.settled_at or now) for message in about(messages)]
        inbox.accept_many(told, now, wake=False)
        messages.update(claim="", due_at=None)
        if len(told) < len(set(ids)):
            _refused(Message.objects.filter(pk__in=ids, state=Message.State.BOUNCED), now)


def _refused(messages: QuerySet[Message], now: datetime.datetime) -> None:
    rows = messages.values_list("pk", "attempts", "address_hash", "reason", "settled_at")
    db.insert_rows(
        Feedback,
        ["provider", "event_id", "kind", "message", "address_hash", "reason", "raw", "message_key", "error",
         "is_spent", "happened_at", "received_at", "due_at"],
        [
            ("smtp", f"{pk}:{attempts}", _kind(reason), pk, hashed, reason, {}, "", "", False, at or now, now, now)
            for pk, attempts, hashed, reason, at in rows
        ],
        ignore_conflicts=True,
        returning=(),
    )  # fmt: skip
    messages.update(claim="", due_at=None)


def _kind(reason: str) -> str:
    return Feedback.Kind.HARD.value if NO_SUCH_ADDRESS.search(reason) else Feedback.Kind.SOFT.value


@dataclass(frozen=True, slots=True)
class Told:
    """A message, as events about it speak of it."""

    pk: int
    contact: int
    settled_at: datetime.datetime | None
    properties: dict[str, Any]
    uuid: UUID
    topic: int | None
    address_hash: str
    verdict: str

    def event(
        self, name: str, at: datetime.datetime, more: dict[str, Any] | None = None, which: str = ""
    ) -> Incoming:
        """Something happened to the message; ``which`` tells apart what may happen more than once."""
        return Incoming(
            source=catalogue.ENGINE,
            name=name,
            message_id=":".join(filter(None, [name, str(self.pk), which])),
            occurred_at=at,
            contact_id=self.contact,
            properties={**self.properties, **(more or {})},
        )


def about(messages: QuerySet[Message]) -> list[Told]:
    """These messages with the properties that every event about them has. One statement."""
    rows = messages.values_list(
        "pk",
        "uuid",
        "contact_id",
        "settled_at",
        "template_id",
        "template__name",
        "campaign_id",
        "campaign__name",
        "step_id",
        "visit__journey_id",
        "visit__journey__chain",
        "variant",
        "merge__variant",
        "topic_id",
        "address_hash",
        "verdict",
    )
    found = []
    for (
        pk,
        uuid,
        contact,
        at,
        template,
        template_name,
        campaign,
        name,
        step,
        journey,
        chain,
        variant,
        label,
        topic,
        hashed,
        verdict,
    ) in rows:
        properties = {
            "message": str(uuid),
            "template": template,
            "template_name": template_name,
            "campaign": campaign,
            "campaign_name": name,
            "journey": journey,
            "step": step or None,
            "variant": label or None,
            "variant_id": variant or None,
            catalogue.CHAIN: None if chain is None else chain + 1,
        }
        said = {key: value for key, value in properties.items() if value is not None}
        found.append(Told(pk, contact, at, said, uuid, topic, hashed, verdict))
    return found
