"""What a step can decide for a journey, as plain values. The engine does what they say."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Effect: queue one message of this template to the contact."""

    template: int
    merge: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Effect: ``operation`` (set, clear, increment, append) on a ``field`` ("locale", "points", "attributes.plan")."""

    field: str
    operation: str
    value: Any = None


Effect = SendEmail | ChangeContact


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on: through ``arm`` where the step has arms. ``skipped`` says why the step did nothing."""

    arm: str = ""
    skipped: str = ""
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Stay here until ``moment``, then be asked again."""

    moment: datetime.datetime


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the campaign here."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not work this time; ask again later, and give up after JOURNEYS_MAX_ATTEMPTS."""

    error: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It will never work; the journey ends as failed."""

    error: str


Outcome = Advance | WaitUntil | Exit | Retry | Fail
