"""What comes from outside, made fit to be kept: text that every database takes, numbers that fit, bounded sizes.

Pure functions for the doors. A bad value is cut or replaced; only ``event_name`` refuses (BadEvent), as an event under
another name would be another event.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from wagtail_journeys.contacts.models import normalise_email
from wagtail_journeys.events.inbox import MAX_NAME
from wagtail_journeys.exceptions import BadEvent

MAX_INTEGER = 2**63 - 1
MAX_DEPTH = 20  # levels of lists and objects
MAX_KEY = 100  # characters of a property's name
MAX_TEXT = 5_000  # characters of one text
MAX_SIZE = 32_000  # characters and values of one event's properties
MAX_URL = 2_000
MAX_EMAIL = 320

#: Clocks of browsers are wrong now and then; further away than this nobody believes them.
OLDEST = datetime.timedelta(hours=24)
NEWEST = datetime.timedelta(minutes=5)

_UNFIT = re.compile("[\x00\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{8,100}")


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """Text without NUL and lone surrogates, cut to ``limit``; anything but text is empty."""
    return _UNFIT.sub("\ufffd", value[:limit]) if isinstance(value, str) else ""


def line(value: Any, limit: int) -> str:
    """The same on one line, without spaces around it."""
    return " ".join(text(value, limit * 2).split())[:limit].strip()


def clean(value: Any, *, size: int = MAX_SIZE, strict: bool = False) -> Any:
    """A value as JSON that both databases keep and give back unchanged.

    Not-a-number and infinity become null; integers beyond 64 bits become text; what is deeper or larger than allowed is
    left out. An object that JSON does not know becomes its text, or with ``strict`` raises TypeError.
    """
    return _Cleaner(size, strict).clean(value, 0)


def mapping(value: Any, *, size: int = MAX_SIZE, strict: bool = False) -> dict[str, Any]:
    """A cleaned object; anything but an object is empty."""
    return clean(value, size=size, strict=strict) if isinstance(value, Mapping) else {}


class _Cleaner:
    """Carries what may still be kept, so that neither width nor depth nor a value inside itself gets out of hand."""

    def __init__(self, size: int, strict: bool) -> None:
        self.left = size
        self.strict = strict

    def clean(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int):
            return self._integer(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, Mapping):
            return self._mapping(value, depth) if depth < MAX_DEPTH else None
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._list(value, depth) if depth < MAX_DEPTH else None
        return self._other(value)

    def _text(self, value: str) -> str:
        kept = text(value, max(0, min(MAX_TEXT, self.left)))
        self.left -= len(kept)
        return kept

    def _integer(self, value: int) -> int | str | None:
        if -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            return value
        return self._text(str(value)) if value.bit_length() <= 512 else None

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            if self.left <= 0:
                break
            name = self._text(str(key)[:MAX_KEY])
            kept[name] = self.clean(item, depth + 1)
        return kept

    def _list(self, value: Iterable[Any], depth: int) -> list[Any]:
        kept = []
        for item in value:
            if self.left <= 0:
                break
            kept.append(self.clean(item, depth + 1))
        return kept

    def _other(self, value: Any) -> Any:
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return self._text(value.isoformat())
        if isinstance(value, decimal.Decimal):
            number = float(value) if not value.is_snan() else math.nan
            if not math.isfinite(number):
                return None
            return self._integer(int(value)) if value == value.to_integral_value() else number
        if isinstance(value, (uuid.UUID, Promise)) or not self.strict:
            return self._text(str(value))
        raise TypeError(
            f"A {type(value).__name__} cannot be kept with an event: give text, a number, a date, a list or a dict "
            "(for a model instance, its primary key)."
        )


def event_name(value: Any) -> str:
    """The name of an event. Raises BadEvent where it is missing, too long or not text."""
    if not isinstance(value, str):
        raise BadEvent("The event has no name: “name” must be text.")
    name = line(value, MAX_NAME * 2)
    if not name:
        raise BadEvent("The event has no name: “name” is empty.")
    if len(name) > MAX_NAME:
        raise BadEvent(f"The name of the event is longer than {MAX_NAME} characters.")
    if "\ufffd" in name or not name.isprintable():
        raise BadEvent("The name of the event holds characters that cannot be shown.")
    return name


def message_id(value: Any) -> str:
    """The sender's id of the event; empty where it gave none that can be used."""
    return value if isinstance(value, str) and _MESSAGE_ID.fullmatch(value) else ""


def url(value: Any) -> str:
    """A web address; empty where it is none."""
    address = text(value, MAX_URL).strip()
    return address if _URL.fullmatch(address) else ""


def language(value: Any) -> str:
    """A language code as Django writes it (``nl``, ``pt-br``); empty where it is none."""
    code = text(value, 20).strip().lower().replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) else ""


def row_id(value: Any) -> int | None:
    """The id of a page or a document, as a number or as digits."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_INTEGER:
        return value
    return None


def email(value: Any) -> str:
    """A normalised address; empty where it is none."""
    address = normalise_email(text(value, MAX_EMAIL + 1))
    if len(address) > MAX_EMAIL:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


def moment(value: Any, now: datetime.datetime) -> datetime.datetime:
    """When a browser says that it happened (ISO 8601, or milliseconds since 1970), within what can be believed."""
    found = None
    try:
        if isinstance(value, str):
            found = parse_datetime(value[:40])
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = datetime.datetime.fromtimestamp(value / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        return now
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    return max(now - OLDEST, min(found, now + NEWEST))
