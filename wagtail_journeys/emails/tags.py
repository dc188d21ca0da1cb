"""The merge tags that there are: what contacts, events and the site have. For picking one, and for noticing a slip."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.contacts import attributes
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import EventDefinition

#: What every contact has, in words.
CONTACT = {
    "first_name": _("first name"),
    "last_name": _("last name"),
    "name": _("whole name"),
    "email": _("email address"),
    "locale": _("language"),
    "points": _("points"),
}
EVENT = {
    "name": _("name of the event"),
    "url": _("where it happened"),
    "page_title": _("title of the page"),
    "document_title": _("title of the document"),
}
SITE = {"name": _("name of the site"), "root_url": _("address of the site")}
URLS = {
    "unsubscribe_url": _("ends the topic of this email"),
    "preferences_url": _("where contacts choose what they get"),
    "view_url": _("this email in the browser"),
    "confirm_url": _("confirms the email address"),
}
#: Values that are there for everybody.
NEVER_EMPTY = frozenset(
    {"contact.email", "contact.name", "contact.points", "site.name", "site.root_url", *URLS}
)


@dataclass(frozen=True, slots=True)
class Known:
    tag: str
    words: str
    group: str


def known() -> list[Known]:
    """All of them, in the order in which they are offered. Three statements."""
    found = [Known(f"contact.{name}", str(words), _t("Contact")) for name, words in CONTACT.items()]
    found += [
        Known(f"contact.{name}", _t("attribute"), _t("Contact"))
        for name, _label in attributes.find_names()
        if name not in CONTACT and _is_name(name)
    ]
    happened = _t("The event that started the journey")
    found += [Known(f"event.{name}", str(words), happened) for name, words in EVENT.items()]
    found += [Known(f"event.{name}", said, happened) for name, said in _properties() if name not in EVENT]
    found += [Known(f"site.{name}", str(words), _t("Site")) for name, words in SITE.items()]
    found += [Known(name, str(words), _t("Links")) for name, words in URLS.items()]
    return found


def _is_name(name: str) -> bool:
    """Whether it can be written after a dot."""
    return name.replace("-", "_").isidentifier()


def _properties() -> Iterable[tuple[str, str]]:
    """The properties of events, each once, with the events that have it."""
    events: dict[str, list[str]] = {}
    for event, properties in catalogue.PROPERTIES.items():
        if event not in catalogue.NOT_BY_CONTACTS and event not in catalogue.BY_MACHINES_TOO:
            for name in properties:
                events.setdefault(name, []).append(catalogue.label(event))
    for definition in EventDefinition.objects.filter(ignored=False):
        for one in definition.properties:
            said = definition.label or catalogue.label(definition.name)
            if said not in events.setdefault(one.name, []):
                events[one.name].append(said)
    for name in sorted(events):
        if _is_name(name):
            more = " …" if len(events[name]) > 3 else ""
            yield name, ", ".join(events[name][:3]) + more


@dataclass(frozen=True, slots=True)
class Unknown:
    tag: str
    similar: tuple[str, ...]

    def __str__(self) -> str:
        if self.similar:
            return _t(
                "Nobody has a value for the merge tag “%(tag)s” so far. Did you mean “%(similar)s”?"
            ) % {
                "tag": self.tag,
                "similar": "”, “".join(self.similar),
            }
        return _t("Nobody has a value for the merge tag “%s” so far.") % self.tag


def unknown(used: Collection[str]) -> list[Unknown]:
    """Those of these tags that no contact and no event has been seen with. What a journey keeps is its own matter."""
    asked = [tag for tag in used if tag.startswith(("contact.", "event."))]
    if not asked:
        return []
    names = {one.tag for one in known()}
    found = []
    for tag in asked:
        root, *rest = tag.split(".")
        inside = rest[1:] if rest[0] in {"attributes", "properties"} and len(rest) > 1 else rest
        if f"{root}.{inside[0]}" not in names:
            others = {name: _bare(name.partition(".")[2]) for name in names if name.startswith(f"{root}.")}
            found.append(Unknown(tag, catalogue.similar(inside[0], others)))
    return found


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
