"""What a step can decide for a journey, as plain values. The engine does what they say."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from wagtail_journeys.calls.request import Request


class Effect:
    """What a step wants done. ``is_message``: the contact notices it, so the control group of a split does not get it (S4)."""

    __slots__ = ()
    is_message: bool = False


@dataclass(frozen=True, slots=True)
class SendEmail(Effect):
    """Queue one message of this template to the contact.

    ``merge`` has the values of merge tags and what the step says instead of the template; ``variant`` is the id of the
    step's variant. ``when_full`` (wait, skip, exit) and ``hold_until`` say what happens where a sending limit leaves no
    room after all; ``capped_at`` is when one first held the message back, and ``refused`` why it is not sent at all.
    """

    is_message = True
    template: int
    merge: dict[str, Any]
    variant: str = ""
    when_full: str = "skip"
    hold_until: datetime.datetime | None = None
    capped_at: datetime.datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ChangeContact(Effect):
    """Do ``operation`` (set, clear, increment, append) on a ``field`` ("locale", "points", "attributes.plan")."""

    field: str
    operation: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class ChangeList(Effect):
    """Put the contact on a static segment's list, or take it off."""

    segment: int
    add: bool


@dataclass(frozen=True, slots=True)
class RecordEvent(Effect):
    """An event of the contact, which counts for segments and may start campaigns."""

    name: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndCampaign(Effect):
    """End the contact's journeys in another campaign."""

    campaign: int


@dataclass(frozen=True, slots=True)
class NotifyTeam(Effect):
    """Queue one email to colleagues; nothing in it is a merge tag any more."""

    recipients: tuple[str, ...]
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class CallHttp(Effect):
    """Queue one HTTP call; whether it is a message to the contact (an SMS) only the editor knows."""

    request: Request
    is_message: bool = False


@dataclass(frozen=True, slots=True)
class KeepData(Effect):
    """Keep these values with the journey, for later steps."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on: through ``arm`` where the step has arms. ``skipped`` says why the step did nothing; ``note`` is worth
    knowing of what it did.

    ``holdout``: from here on the journey belongs to the control group and gets no messages.
    """

    arm: str = ""
    skipped: str = ""
    effects: tuple[Effect, ...] = ()
    holdout: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Stay here until ``moment``, then be asked again. ``effects`` happen while waiting; ``reason`` is for the timeline."""

    moment: datetime.datetime
    effects: tuple[Effect, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the campaign here."""

    reason: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not work this time; ask again later, and give up after JOURNEYS_MAX_ATTEMPTS."""

    error: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It will never work; the journey ends as failed."""

    error: str


Outcome = Advance | WaitUntil | Exit | Retry | Fail
