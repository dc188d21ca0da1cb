"""What a submitted form says: whose it is, what it tells about them, and its fields as properties of the event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File

from wagtail_journeys.events import sanitise

#: Fields of the contact, and what form fields that ask for them tend to be called.
NAMES = {
    "first_name": {"first_name", "firstname", "given_name", "forename"},
    "last_name": {"last_name", "lastname", "family_name", "surname"},
    "locale": {"locale", "language"},
    "time_zone": {"time_zone", "timezone"},
}
COLUMNS = {name: column for column, names in NAMES.items() for name in names}

#: Fields whose answers describe the person. Free text and hidden fields describe the moment, not the person.
DESCRIBES = {
    "singleline",
    "number",
    "url",
    "checkbox",
    "checkboxes",
    "dropdown",
    "multiselect",
    "radio",
    "date",
    "datetime",
}

#: What the names of boxes begin with that sign up for topics: the ledger keeps those.
CONSENT = "journeys_consent_"

#: Never set by a form, whatever its fields are called.
KEPT_BACK = {"id", "uuid", "email", "external_id", "points", "lifetime_value", "created_at", "last_seen_at"}


@dataclass(frozen=True)
class Submission:
    email: str
    traits: dict[str, Any]
    properties: dict[str, Any]


def read(data: Any, fields: Iterable[tuple[str, str]], *, title: str, locale: str) -> Submission:
    """``data`` is what was submitted, ``fields`` the form's (name, type) pairs, ``locale`` its page's language.

    The first field of type email that holds an address says whose submission it is. The address is not proven to
    belong to whoever typed it; that is for double opt-in to do.
    """
    given = (
        {key: value for key, value in data.items() if not _is_file(value)}
        if isinstance(data, Mapping)
        else {}
    )
    properties = sanitise.mapping(given)
    email = ""
    traits: dict[str, Any] = {"locale": locale} if locale else {}
    for name, kind in fields:
        value = properties.get(name)
        if value in (None, "", []):
            continue
        if kind == "email":
            email = email or sanitise.email(value)
        elif kind in DESCRIBES and not name.startswith(CONSENT):
            traits |= _trait(name, value)
    # Last, and under names of their own: a field must not pass itself off as the page's language.
    properties |= {"form_title": title, "locale": locale}
    return Submission(email=email, traits=traits, properties=properties)


def _trait(name: str, value: Any) -> dict[str, Any]:
    column = COLUMNS.get(name.lower())
    if column == "locale":
        code = sanitise.language(value)
        return {"locale": code} if code else {}
    if column:
        return {column: sanitise.line(value, 200)} if isinstance(value, str) else {}
    return {} if name in KEPT_BACK else {name: value}


def _is_file(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_file(item) for item in value)
    return isinstance(value, File)
