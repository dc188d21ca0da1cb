"""What became of messages, told as events. Their ids come from the messages', so that nothing is told twice."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from wagtail_journeys import db
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming

from .models import Message


def sent(ids: Collection[int], now: datetime.datetime) -> None:
    """Tell that these messages were sent, and that they need no more looking after. Three statements in a transaction.

    Until then a sent message is due: whoever dies before this leaves it to ``delivery.recover``.
    """
    if not ids:
        return
    with db.batch(Message):
        messages = Message.objects.filter(pk__in=ids, state=Message.State.SENT)
        told = [
            Incoming(
                source=catalogue.ENGINE,
                name=catalogue.EMAIL_SENT,
                message_id=f"{catalogue.EMAIL_SENT}:{message.pk}",
                occurred_at=message.settled_at or now,
                contact_id=message.contact,
                properties=message.properties,
            )
            for message in about(messages)
        ]
        inbox.accept_many(told, now, wake=False)
        messages.update(claim="", due_at=None)


@dataclass(frozen=True, slots=True)
class Told:
    """A message, as events about it speak of it."""

    pk: int
    contact: int
    settled_at: datetime.datetime | None
    properties: dict[str, Any]


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
        found.append(Told(pk, contact, at, said))
    return found
