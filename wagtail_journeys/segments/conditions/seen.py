"""When the contact was created, first seen and last seen."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event

from . import period, population, registry
from .base import ANY_EVENT, Condition, Mentions, Params
from .period import BEFORE, BETWEEN, EVER, LAST, PERIODS, Period

FIRST_SEEN = "first_seen"
WHAT = {
    "created_at": _("was created"),
    FIRST_SEEN: _("was first seen"),
    "last_seen_at": _("was last seen"),
}


def _seen() -> QuerySet[Event]:
    """Events in which the contact was there: what the engine did is no sign of life."""
    return Event.objects.exclude(source=catalogue.ENGINE)


@registry.register
class Seen(Condition):
    """Created: when the contact became known. First seen: its oldest event, those of the time before it was known
    included. Last seen: its newest event, to five minutes."""

    key = "seen"
    label = _("Created, first or last seen")
    icon = "history"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        what = blocks.ChoiceBlock(choices=list(WHAT.items()), default="created_at", label=_("The contact"))
        when = blocks.ChoiceBlock(
            choices=[(kind, PERIODS[kind]) for kind in (LAST, BEFORE, BETWEEN)], default=LAST, label=_("When")
        )
        rest = [(name, block) for name, block in period.fields() if name != "period"]
        return [("what", what), ("period", when), *rest]

    def errors(self, value: Params) -> dict[str, Any]:
        return period.problems(value)

    def q(self, params: Params, now: datetime.datetime) -> Q:
        what, when = params["what"], Period.read(params, now)
        if what not in WHAT or when.kind == EVER:
            raise ValueError(f"Not a question about when somebody was seen: {params!r}")
        if what != FIRST_SEEN:
            return when.q(what) & Q(**{f"{what}__isnull": False})
        # The first is inside when one of them is and none is before.
        found, earlier = population.some(_seen().filter(when.q())), when.earlier()
        return found if earlier is None else found & ~population.some(_seen().filter(earlier))

    def mentions(self, params: Params) -> Mentions:
        if params["what"] == FIRST_SEEN:
            return Mentions(events=frozenset({ANY_EVENT}), clock=period.moves(params))
        return Mentions(fields=frozenset({params["what"]}), clock=period.moves(params))

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        when = Period.read(params, now)
        if params["what"] == FIRST_SEEN:
            events = _seen().filter(when.crossed(since, now), contact__isnull=False)
            return events.values_list("contact_id", flat=True)
        return Contact.objects.filter(when.crossed(since, now, params["what"])).values_list("pk", flat=True)

    def describe(self, params: Params) -> str:
        return f"{WHAT[params['what']]}{period.describe(params)}"

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        if params["what"] == FIRST_SEEN:
            events = _seen().filter(contact_id=contact.pk).order_by("occurred_at")
            at = events.values_list("occurred_at", flat=True).first()
        else:
            at = getattr(contact, params["what"])
        if at is None:
            return _t("never")
        return date_format(at.astimezone(timezone.get_default_timezone()), "DATETIME_FORMAT")
