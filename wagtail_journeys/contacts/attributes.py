"""Which attributes contacts have, by a look at some of them: attributes are not declared anywhere."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .models import Contact

#: Contacts looked at: the newest and the oldest. One range of the primary key each, whatever the number of contacts.
SAMPLE = 300


def find_names(typed: str = "") -> list[tuple[str, str]]:
    """Names of attributes to offer, the commonest first, each with itself as the label. Two statements."""
    counted = Counter(name for attributes in _sample() for name in attributes)
    wanted = typed.strip().lower()
    return [(name, name) for name, _count in counted.most_common() if wanted in name.lower()]


def find_values(name: str, typed: str = "") -> list[tuple[str, str]]:
    """Values of an attribute to offer, the commonest first: those that several contacts share. Two statements."""
    counted: Counter[str] = Counter()
    for attributes in _sample():
        value = attributes.get(name)
        counted.update({_text(item) for item in (value if isinstance(value, list) else [value])})
    wanted = typed.strip().lower()
    return [
        (text, text)
        for text, count in counted.most_common()
        if text and count > 1 and len(text) <= 100 and wanted in text.lower()
    ]


def _sample() -> list[dict[str, Any]]:
    found = Contact.objects.values_list("pk", "attributes")
    both = {**dict(found.order_by("-pk")[:SAMPLE]), **dict(found.order_by("pk")[:SAMPLE])}
    return [attributes for attributes in both.values() if isinstance(attributes, dict)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""
