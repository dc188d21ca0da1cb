"""The reading of a value in hand, and the patterns that both databases read by."""

from __future__ import annotations

import datetime
import decimal
import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

#: Numbers beyond are not compared: the two databases round them differently.
LARGEST = 10**18

#: A number written as text, with a point or a comma: no exponent, and no more digits than a database keeps apart.
NUMBER = r"\A *[+-]?[0-9]{1,15}([.,][0-9]{1,15})? *\Z"

_DAY = (
    r"([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])"
    r"|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_TIME = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONE = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
#: A day that exists, perhaps with a time of day; and a moment that says in which zone. Both databases read them alike.
DAY = rf"\A(?!0000){_DAY}({_TIME})?\Z"
MOMENT = rf"\A(?!0000|9999){_DAY}{_TIME}{_ZONE}\Z"


def usable(text: str) -> bool:
    """Whether both databases can be given this text: no NUL, no halves of characters."""
    try:
        return "\x00" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def nameable(name: str) -> bool:
    """Whether an attribute of this name can be asked for: SQLite knows no quotes and no control characters in it."""
    return bool(name) and usable(name) and not re.search(r'["\\\x00-\x1f]', name)


def as_number(value: Any) -> decimal.Decimal | None:
    """A number, or text that is one; None for all else, and for what is too large to compare."""
    if isinstance(value, str):
        if not re.match(NUMBER, value):
            return None
        number = decimal.Decimal(value.strip(" ").replace(",", "."))
    elif isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool):
        number = decimal.Decimal(repr(value) if isinstance(value, float) else value)
    else:
        return None
    if not number.is_finite() or abs(number) > LARGEST:
        return None
    # What a double cannot hold, a number in JSON cannot hold either.
    return number if number == number.to_integral_value() else decimal.Decimal(repr(float(number)))


def as_truth(value: Any) -> bool | None:
    """Yes or no, or text that says so; None for all else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip(" ").lower()) if isinstance(value, str) else None


def as_day(value: Any) -> datetime.date | None:
    """The day that text says, where the site is if it says a moment with its zone; None for all else."""
    if not isinstance(value, str):
        return None
    if re.match(DAY, value):
        return datetime.date.fromisoformat(value[:10])
    if not re.match(MOMENT, value):
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
        return moment.astimezone(timezone.get_default_timezone()).date()
    except OverflowError:
        return datetime.date.fromisoformat(value[:10])


def same(value: Any, wanted: Value) -> bool:
    """Whether they are the same text without regard to case, the same number, or both yes or both no."""
    if isinstance(value, bool):
        return value is wanted.truth
    if isinstance(value, str) and value.lower() == wanted.text.lower():
        return True
    number = as_number(value)
    return number is not None and number == wanted.number


def start_of(day: datetime.date) -> datetime.datetime:
    """The moment at which the day begins where the site is."""
    return datetime.datetime.combine(day, datetime.time(), timezone.get_default_timezone())


def shifted(day: datetime.date, days: int) -> datetime.date:
    """So many days later; the calendar ends where Python's does, a little inside so that zones have room."""
    try:
        moved = day + datetime.timedelta(days=days)
    except OverflowError:
        moved = datetime.date.max if days > 0 else datetime.date.min
    return min(max(moved, datetime.date(1, 1, 3)), datetime.date(9999, 12, 29))


@dataclass(frozen=True)
class Value:
    """What a value is compared with, in all the ways in which it can be meant: "3" is a text and a number."""

    text: str

    @property
    def number(self) -> decimal.Decimal | None:
        return as_number(self.text)

    @property
    def truth(self) -> bool | None:
        return as_truth(self.text)

    @property
    def is_plain(self) -> bool:
        """Whether only text can be the same: neither a number, nor yes or no, nor a list is written like this."""
        return not re.match(r"[-+0-9\[{ ]", self.text) and self.truth is None
