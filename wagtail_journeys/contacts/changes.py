"""Changes that campaigns make to contacts, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from wagtail_journeys import db
from wagtail_journeys.contacts.models import TEXT_COLUMNS, Contact


class Change(Protocol):
    """A ``field`` ("points", "locale", "attributes.plan"), an ``operation`` (set, clear, increment, append), a value."""

    @property
    def field(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def value(self) -> Any: ...


def apply(changes: Sequence[tuple[int, Change]]) -> dict[str, set[int]]:
    """Make the changes (contact id, change) in order. Returns the contacts really changed, by field.

    Two statements, whatever the number of changes. Must run inside a transaction.
    """
    if not changes:
        return {}
    queryset = Contact.objects.filter(pk__in={contact for contact, _change in changes}).order_by("pk")
    queryset = db.locked(queryset)
    contacts = {contact.pk: contact for contact in queryset}
    touched: dict[str, set[int]] = defaultdict(set)
    for pk, change in changes:
        contact = contacts.get(pk)
        if contact is not None and _apply_one(contact, change):
            touched[change.field].add(pk)
    moved = sorted(set().union(*touched.values())) if touched else []
    names = ["points", *TEXT_COLUMNS, "attributes"]
    db.update_rows(
        Contact, "id", names, [(pk, *(getattr(contacts[pk], name) for name in names)) for pk in moved]
    )
    return dict(touched)


def _apply_one(contact: Contact, change: Change) -> bool:
    scope, _, name = change.field.partition(".")
    if scope != "attributes":
        before = getattr(contact, change.field)
        if change.field == "points":
            after = {"clear": 0, "increment": before + _int(change.value)}.get(
                change.operation, _int(change.value)
            )
        else:
            after = "" if change.operation == "clear" else str(change.value)[: TEXT_COLUMNS[change.field]]
        setattr(contact, change.field, after)
        return after != before
    before = contact.attributes.get(name)
    attributes = dict(contact.attributes)
    if change.operation == "clear":
        attributes.pop(name, None)
    elif change.operation == "increment":
        number = before if isinstance(before, int | float) and not isinstance(before, bool) else 0
        attributes[name] = number + change.value
    elif change.operation == "append":
        present = before if isinstance(before, list) else [] if before is None else [before]
        attributes[name] = present if change.value in present else [*present, change.value]
    else:
        attributes[name] = change.value
    contact.attributes = attributes
    return attributes.get(name) != before


def _int(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0
