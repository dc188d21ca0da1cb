"""What a step can decide for a journey, as plain values. The engine does what they say."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from wagtail_journeys.calls.request import Request


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


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Effect: put the contact on a static segment's list, or take it off."""

    segment: int
    add: bool


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Effect: an event of the contact, which counts for segments and may start campaigns."""

    name: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndCampaign:
    """Effect: end the contact's journeys in another campaign."""

    campaign: int


@dataclass(frozen=True, slots=True)
class NotifyTeam:
    """Effect: queue one email to colleagues; nothing in it is a merge tag any more."""

    recipients: tuple[str, ...]
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class CallHttp:
    """Effect: queue one HTTP call. ``is_message``: the contact notices it, so the control group does not get it."""

    request: Request
    is_message: bool = False


@dataclass(frozen=True, slots=True)
class KeepData:
    """Effect: keep these values with the journey, for later steps."""

    values: dict[str, Any]


Effect = SendEmail | ChangeContact | ChangeList | RecordEvent | EndCampaign | NotifyTeam | CallHttp | KeepData


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on: through ``arm`` where the step has arms. ``skipped`` says why the step did nothing.

    ``holdout``: from here on the journey belongs to the control group and gets no messages.
    """

    arm: str = ""
    skipped: str = ""
    effects: tuple[Effect, ...] = ()
    holdout: bool = False


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Stay here until ``moment``, then be asked again. ``effects`` happen while waiting."""

    moment: datetime.datetime
    effects: tuple[Effect, ...] = ()


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
