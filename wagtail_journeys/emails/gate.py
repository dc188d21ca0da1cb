"""What delivery asks of the layers above, and what it tells them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.db.models import Q

from .models import Message


class Gate(Protocol):
    """What the layers above say about a message at the last moment: does its journey and its campaign still want it?"""

    def claimable(self, now: datetime.datetime) -> Q:
        """A filter on Message: the others stay in the queue for now."""

    def allowed(self, now: datetime.datetime) -> Q:
        """A filter on Message: those that may be handed over now."""

    def reason(self, message_ids: list[int], now: datetime.datetime) -> dict[int, str]:
        """Why each of these (refused) messages may not be handed over, in words for the editor."""

    def leave(self, reasons: Mapping[int, str], now: datetime.datetime) -> None:
        """End the journeys of these messages, each for its reason; in the transaction that calls the messages off."""


@dataclass
class Tally:
    """What one look at the queue did, in numbers of messages."""

    claimed: int = 0
    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    released: int = 0  # back in the queue untouched
    put_off: int = 0  # have to wait for their turn
    settled: list[int] = field(default_factory=list)  # ids of the messages that reached a final state

    @property
    def handled(self) -> int:
        """Messages that moved on; none when the mail server cannot be reached."""
        return (
            self.sent
            + self.deferred
            + self.bounced
            + self.failed
            + self.cancelled
            + self.unknown
            + self.put_off
        )

    def count(self, state: str, message_id: int) -> None:
        if state == Message.State.QUEUED:
            self.released += 1
            return
        setattr(self, state, getattr(self, state) + 1)
        if state in Message.FINAL:
            self.settled.append(message_id)
