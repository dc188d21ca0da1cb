"""An email before anybody gets it: as one contact would read it, with the event that would have started the journey."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _t
from wagtail.models import Site

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.finding import find
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.exceptions import TemplateError

from . import composing, filling, liquid, needs, samples

if TYPE_CHECKING:
    from .models import EmailTemplate


@dataclass(frozen=True)
class Reader:
    """Who reads it: a contact, or (without one) a made-up person; ``event`` is the name of what started the journey."""

    contact: Contact | None = None
    event: str = ""

    @classmethod
    def named(cls, contact: str, event: str = "") -> Reader:
        """By address, external id or number. Raises TemplateError where nobody is called like that."""
        contact, event = contact.strip(), event.strip()
        found = find(contact)
        if contact and found is None:
            raise TemplateError(_t("There is no contact “%s”.") % contact)
        return cls(found, event)


def read(
    template: EmailTemplate, reader: Reader, now: datetime.datetime, site: Site | None = None
) -> liquid.Rendered:
    """The email as it would be sent now. Raises TemplateError where it could not be.

    A made-up person has a value for every merge tag; a contact only those it really has. Links of the receiver's own lead
    nowhere. Nothing is kept.
    """
    source = composing.compose(template)
    language = template.locale.language_code
    with translation.override(language):
        values = samples.context(_site_values(site))
    event = _event(reader)
    if event is not None:
        values["event"] = filling.event_values(event, *filling.titles([event]))
    elif reader.event:
        values["event"] = {"name": reader.event}
    contact = reader.contact.pk if reader.contact else 0
    one = needs.Asked(0, contact, language, composing.base_url(), event)
    if reader.contact is None:
        values["blocks"] = needs.samples(source.needs, one, now)
        parsed = liquid.parse(source.subject, source.preheader, source.html, source.text)
        return liquid.fill_in(parsed, values, samples.defaults(parsed.paths))
    values["contact"] = filling.contact_values(reader.contact)
    if event is None:
        values["event"] = {}
    values["blocks"] = needs.answer([(one, source.needs)], now)[0]
    return filling.render(source, values)


def _event(reader: Reader) -> Event | None:
    """The newest event of the contact, of that name; where no name is given any of its newest one."""
    if reader.contact is None:
        return None
    events = Event.objects.filter(contact_id=reader.contact.pk)
    if reader.event:
        found = events.filter(name=reader.event).order_by("-occurred_at", "-pk").first()
        if found is None:
            raise TemplateError(
                _t("%(contact)s has no event “%(event)s”.")
                % {"contact": reader.contact, "event": reader.event}
            )
        return found
    return events.order_by("-occurred_at", "-pk").first()


def _site_values(site: Site | None) -> dict[str, Any]:
    name = (site.site_name if site else "") or getattr(settings, "WAGTAIL_SITE_NAME", "") or _t("Your site")
    return {"name": name, "root_url": str(conf.BASE_URL) or composing.base_url()}
