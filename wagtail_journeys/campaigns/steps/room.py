"""What a step does where a sending limit leaves no room for its email: wait, skip it, or leave the campaign (semantics C4)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup

from wagtail_journeys.campaigns.clock import UNITS, later
from wagtail_journeys.campaigns.outcomes import Advance, Exit, Outcome, SendEmail, WaitUntil
from wagtail_journeys.emails import limits
from wagtail_journeys.emails.models import Message
from wagtail_journeys.segments.rows import shown_when

from .base import Group, Params, Position

CHOICES = {
    limits.WAIT: _("wait for room, then send it"),
    limits.SKIP: _("skip this email and go on"),
    limits.EXIT: _("leave the campaign"),
}
#: Messages on their way that may yet not be sent. What they leave is known soon; after so long it is decided without.
UNDECIDED = datetime.timedelta(minutes=10)
ON_THE_WAY = (Message.State.QUEUED, Message.State.DEFERRED, Message.State.CLAIMED)


def fields() -> list[tuple[str, blocks.Block]]:
    return [
        (
            "when_full",
            blocks.ChoiceBlock(
                choices=list(CHOICES.items()),
                default=limits.WAIT,
                label=_("Where a sending limit leaves no room"),
                help_text=_("Limits are set under “Sending limits”. Transactional campaigns have none."),
            ),
        ),
        (
            "room_amount",
            blocks.IntegerBlock(
                default=2,
                min_value=1,
                max_value=1000,
                label=_("Wait at most"),
                help_text=_("After that the email is skipped."),
                form_attrs=shown_when("when_full", [limits.WAIT]),
            ),
        ),
        (
            "room_unit",
            blocks.ChoiceBlock(
                choices=list(UNITS.items()),
                default="days",
                label=_("Unit"),
                form_attrs=shown_when("when_full", [limits.WAIT]),
            ),
        ),
    ]


def form_group() -> BlockGroup:
    return BlockGroup(
        ["when_full", "room_amount", "room_unit"],
        heading=_("Sending limits"),
        icon="time",
        classname="collapsed",
        label_format="{when_full}",
    )


class Rooms:
    """Which of the group's contacts have room for one more email: three statements, four where there are limits.

    Nothing is reserved here: whoever hands messages over gives the places, exactly.
    """

    def __init__(self, group: Group, positions: Sequence[Position], now: datetime.datetime) -> None:
        self.now = now
        self.topic: int | None = None
        self.ledger: limits.Ledger | None = None
        if positions:
            self.topic = group.topic
        if self.topic is not None:
            found = limits.all_limits()
            contacts = {position.contact for position in positions}
            self.ledger = limits.Ledger.of(found, contacts, now, ON_THE_WAY)

    def outcome(self, position: Position, effect: SendEmail, params: Params) -> Outcome:
        if self.ledger is None or position.holdout:
            return Advance(effects=(effect,))
        choice = params.get("when_full") or limits.WAIT
        until = later(position.arrived_at, params.get("room_amount") or 2, params.get("room_unit") or "days")
        held = position.asked_before and not position.attempts
        effect = replace(
            effect,
            when_full=choice,
            hold_until=until if choice == limits.WAIT else None,
            capped_at=position.arrived_at if held else None,
        )
        full = self.ledger.full(position.contact, self.topic)
        if full is None:
            self.ledger.take(position.contact, self.topic)
            note = _t("waited until a sending limit or a pause left room") if held else ""
            return Advance(effects=(effect,), note=note)
        said = limits.words(full)
        ends = until if choice == limits.WAIT else position.arrived_at + UNDECIDED
        if self.now < ends and (choice == limits.WAIT or not full.sure):
            return WaitUntil(min(full.again, ends), reason=said)
        effect = replace(effect, refused=said, capped_at=effect.capped_at or self.now)
        if choice == limits.EXIT:
            return Exit(said, effects=(effect,))
        return Advance(skipped=said, effects=(effect,))
