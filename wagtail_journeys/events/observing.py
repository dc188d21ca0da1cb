"""What an event shows of its properties: the kind of each value, and examples that give nobody away. Pure functions."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_EXAMPLES = 5
MAX_EXAMPLE = 60  # characters
MAX_PROPERTIES = 100  # of one event

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
#: Names of properties whose values are about a person, or for nobody else to know.
_PRIVATE = re.compile(
    r"mail|phone|mobile|tele?fon|address|street|postc|zip|birth|gender|password|passwd|pwd|secret|token|session|"
    r"cookie|auth|api.?key|iban|bic\b|card|cvc|ssn|(^|_)ip($|_)|user.?agent|first.?name|last.?name|full.?name|surname|"
    r"message|comment|question|note|latitude|longitude|unverified|fingerprint",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\d[\d\s()./-]{7,}")  # telephone, account and card numbers
_RANDOM = re.compile(r"[A-Za-z0-9_+/=.-]{20,}")  # tokens, hashes and ids


class Kind(models.TextChoices):
    TEXT = "text", _("text")
    NUMBER = "number", _("number")
    BOOLEAN = "boolean", _("yes or no")
    DATE = "date", _("date")
    LIST = "list", _("list")
    OBJECT = "object", _("object")


def kind_of(value: Any) -> str:
    """The kind of a JSON value; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return Kind.BOOLEAN.value
    if isinstance(value, (int, float)):
        return Kind.NUMBER.value
    if isinstance(value, str):
        return (Kind.DATE if _is_date(value) else Kind.TEXT).value
    return (Kind.LIST if isinstance(value, list) else Kind.OBJECT).value


def _is_date(text: str) -> bool:
    if len(text) > 40 or not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def example_of(name: str, value: Any) -> str:
    """The value as an example to show; empty where it is long, about a person, or looks like a secret."""
    if _PRIVATE.search(name):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "" if abs(value) >= 10**8 else f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_EXAMPLE or not value.isprintable():
        return ""
    if _is_date(value):
        return value
    if "@" in value or "://" in value or _NUMBERED.search(value) or _looks_random(value):
        return ""
    return value.strip()


def _looks_random(text: str) -> bool:
    """Long and without a space, with digits or both cases: nobody wrote that by hand."""
    for word in _RANDOM.findall(text):
        if any(char.isdigit() for char in word) or (word != word.lower() and word != word.upper()):
            return True
    return False


def kind_of_all(kinds: list[str]) -> str:
    """One kind for values that were of several: as text everything can be compared."""
    return kinds[0] if len(kinds) == 1 else Kind.TEXT.value if kinds else ""
