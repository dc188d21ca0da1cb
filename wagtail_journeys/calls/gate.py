"""What delivery asks of the layers above, and what it tells them."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from django.db.models import Q

from .models import Call


class Gate(Protocol):
    """What the layers above say about a call: does its journey still stand there, is its campaign running?"""

    def claimable(self, now: datetime.datetime) -> Q:
        """A filter on Call: the others stay in the queue for now."""

    def allowed(self, now: datetime.datetime) -> Q:
        """A filter on Call: those that may be sent now; the others are cancelled."""

    def settled(self, visits: Collection[int], now: datetime.datetime) -> None:
        """The calls of these visits are about to reach a final state, in the running transaction."""


@dataclass
class Tally:
    """What one look at the queue did, in numbers of calls."""

    claimed: int = 0
    done: int = 0
    deferred: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    settled: list[int] = field(default_factory=list)  # ids of the calls that reached a final state

    @property
    def handled(self) -> int:
        return self.done + self.deferred + self.failed + self.cancelled + self.unknown

    def count(self, state: str, call_id: int) -> None:
        setattr(self, state, getattr(self, state) + 1)
        if state in Call.FINAL:
            self.settled.append(call_id)
