"""A composed email with one contact's values in it. Nothing here knows of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from wagtail.documents import get_document_model
from wagtail.models import Site

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.places import page_model
from wagtail_journeys.exceptions import TemplateError

from . import composing, liquid
from .liquid import Rendered

if TYPE_CHECKING:
    from .models import TemplateVersion

#: What a template says of values that are missing: print nothing there.
EMPTY = "empty"


def titles(events: Iterable[Event]) -> tuple[dict[int, str], dict[int, str]]:
    """The titles of the pages and of the documents that these events are about, by id. Two statements."""
    events = list(events)
    return (
        _titles(page_model(), {event.page_id for event in events}),
        _titles(get_document_model(), {event.document_id for event in events}),
    )


def _titles(model: Any, ids: set[int | None]) -> dict[int, str]:
    return dict(model._default_manager.filter(pk__in=ids - {None}).values_list("pk", "title"))


def contact_values(contact: Contact) -> dict[str, Any]:
    return {
        **contact.attributes,
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "name": contact.name,
        "locale": contact.locale,
        "points": contact.points,
        "attributes": contact.attributes,
    }


def event_values(event: Event, pages: Mapping[int, str], documents: Mapping[int, str]) -> dict[str, Any]:
    return {
        **event.properties,
        "name": event.name,
        "url": event.url,
        "page_title": pages.get(event.page_id or 0) or event.properties.get("page_title"),
        "document_title": documents.get(event.document_id or 0) or event.properties.get("document_title"),
        "properties": event.properties,
    }


def site_values(site: Site | None) -> dict[str, Any]:
    """``name`` and ``root_url``: where links in the email lead to, from the site that its event happened on."""
    root_url = str(conf.BASE_URL) or (site.root_url if site else composing.base_url())
    name = (site.site_name if site else "") or getattr(settings, "WAGTAIL_SITE_NAME", "")
    return {"name": name or (site.hostname if site else ""), "root_url": root_url}


def render(
    version: TemplateVersion | composing.Source,
    context: Mapping[str, Any],
    merge: Mapping[str, Any] | None = None,
    prepare: Callable[[str, str], tuple[str, str]] | None = None,
) -> Rendered:
    """Fill in one contact's values; the template sees only those that it names.

    ``merge`` is what the step says: ``defaults`` for tags without a value (an empty one prints nothing), ``mapping`` of
    tags to other values, and a ``subject`` and a ``preheader`` instead of the template's. Where the template says so, tags
    without a value print nothing. Raises MissingValue naming the tag, or TemplateError. ``prepare`` gets the HTML and the
    text before they are filled in.
    """
    if isinstance(context.get("blocks"), TemplateError):
        raise context["blocks"]
    said = merge or {}
    subject, preheader, html, text = version.subject, version.preheader, version.html, version.text
    if said.get("subject"):
        subject = str(said["subject"])
    if said.get("preheader"):
        html = composing.with_preheader(html, preheader, str(said["preheader"]))
        preheader = str(said["preheader"])
    if prepare is not None:
        html, text = prepare(html, text)
    parsed = liquid.parse(subject, preheader, html, text)
    defaults = said.get("defaults") or {}
    if version.missing == EMPTY:
        defaults = {**dict.fromkeys(map(".".join, parsed.paths), ""), **defaults}
    return liquid.fill_in(parsed, context, defaults, said.get("mapping"))
