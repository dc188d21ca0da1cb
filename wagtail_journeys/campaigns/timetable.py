"""When a contact that enters now gets each email: the steps themselves are asked, on a clock that is only imagined."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact

from .checks import Draft, Placed
from .clock import zone_of
from .outcomes import Exit, WaitUntil
from .steps import Group, Position, waiting
from .steps.base import MESSAGES, TIMING

#: Shown where the contacts' own zones are fewer: west, east, and one that is not on the hour.
EXAMPLES = ("Europe/Amsterdam", "America/New_York", "Asia/Kathmandu")
ZONES = 3
#: So often a step is asked again at most; who still waits then is left out of the table.
LOOKS = 20


@dataclass(frozen=True)
class Stop:
    """One moment in a contact's journey; ``None`` where it cannot be told, and then ``note`` says why."""

    at: datetime.datetime | None
    zone: str
    latest: bool = False
    note: str = ""

    @property
    def words(self) -> str:
        """The date and time on the contact's clock."""
        if self.at is None:
            return self.note
        local = self.at.astimezone(zone_of(self.zone))
        words = formats.date_format(local, "D j M Y, H:i")
        return _t("%s at the latest") % words if self.latest else words


@dataclass
class Row:
    """A step, and when it is over (a wait) or done (an email) in each zone."""

    step_id: str
    sentence: str
    is_message: bool
    stops: list[Stop] = field(default_factory=list)


@dataclass
class Timetable:
    begins: datetime.datetime
    zones: list[str]
    rows: list[Row]

    @property
    def entered(self) -> list[str]:
        return [Stop(self.begins, zone).words for zone in self.zones]


def timetable(draft: Draft, zones: Sequence[str]) -> Timetable:
    """The longest way through the steps, for a contact in each of these zones that enters now, or when the campaign starts."""
    begins = max(draft.now, draft.campaign.starts_at or draft.now)
    way = longest_way(draft)
    rows = [Row(step.id, step.sentence, _is_message(step)) for step in way]
    for zone in zones:
        for row, stop in zip(rows, _walk(draft, way, zone, begins), strict=True):
            row.stops.append(stop)
    shown = [
        row
        for row, step in zip(rows, way, strict=True)
        if row.is_message or step.step.group is TIMING or _tells(row)
    ]
    return Timetable(begins, list(zones), shown)


def _is_message(step: Placed) -> bool:
    return bool(step.templates) or step.step.group is MESSAGES


def _tells(row: Row) -> bool:
    return any(stop.note for stop in row.stops)


def longest_way(draft: Draft) -> list[Placed]:
    """The steps a contact passes that takes at every fork the arm with the most emails, or else the most steps."""
    placed = {step.id: step for step in draft.steps}

    def follow(blocks: Sequence[dict[str, Any]]) -> list[Placed]:
        way: list[Placed] = []
        for block in blocks:
            step = placed.get(block["id"])
            if step is None:
                continue
            way.append(step)
            ways: list[list[Placed]] = [follow(arm.steps) for arm in step.arms]
            if ways:
                longest: list[Placed] = max(ways, key=_emails_and_steps)
                way += longest
            if way[-1].step.ends:
                break
        return way

    return follow(draft.raw["steps"])


def _emails_and_steps(way: list[Placed]) -> tuple[int, int]:
    return sum(map(_is_message, way)), len(way)


def _walk(draft: Draft, way: Sequence[Placed], zone: str, begins: datetime.datetime) -> list[Stop]:
    contact = Contact(pk=0, uuid=uuid.UUID(int=0), time_zone=zone)
    moment, stops = begins, []
    for step in way:
        stop = _pass(draft, step, contact, moment, begins)
        moment = stop.at or moment
        stops.append(stop)
    return stops


def _pass(
    draft: Draft, step: Placed, contact: Contact, arrived: datetime.datetime, entered: datetime.datetime
) -> Stop:
    """How this one contact gets past one step."""
    position = Position(0, 0, arrived, entered, None)
    try:
        if "timed_out" in step.step.arms:
            return Stop(waiting.limit(step.params, position), contact.time_zone, latest=True)
        group = Group(0, step.id, [position], draft.campaign.time_zone)
        group.__dict__.update(contacts={0: contact}, entry_events={})
        moment = arrived
        for _look in range(LOOKS):
            with transaction.atomic():
                outcome = step.step.decide(group, step.params, moment)[0]
            if isinstance(outcome, WaitUntil) and not outcome.effects and outcome.moment > moment:
                moment = outcome.moment
                continue
            if isinstance(outcome, Exit) and step.step.group is TIMING:
                return Stop(None, contact.time_zone, note=outcome.reason)
            return Stop(moment, contact.time_zone)
        held = True
    except Exception:  # noqa: BLE001  half filled in, or a step of a site's own that wants a contact there is not
        held = step.step.group is TIMING
    return (
        Stop(None, contact.time_zone, note=_t("cannot be told")) if held else Stop(arrived, contact.time_zone)
    )
