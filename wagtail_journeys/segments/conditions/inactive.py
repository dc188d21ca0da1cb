"""Did nothing, or not one certain thing, for a while."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.fields import EventNameBlock
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Filter

from . import filters, period, population, registry
from .base import ANY_EVENT, Condition, Mentions, Params


def activity(now: datetime.datetime) -> Q:
    """Events that show that the person did something: not what we did, and not what a machine did on their behalf."""
    machines = Q(name__in=catalogue.BY_MACHINES_TOO) & ~Q(Filter("verdict", "is", catalogue.HUMAN).q(now))
    staff = Q(name=catalogue.CONSENT_CHANGED) & Q(Filter("by", "is", catalogue.STAFF).q(now))
    return ~Q(source=catalogue.ENGINE) & ~Q(name__in=catalogue.NOT_BY_CONTACTS) & ~machines & ~staff


@registry.register
class Inactive(Condition):
    key = "inactive"
    label = _("Inactive")
    icon = "time"
    group = _("What they did")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "event",
                EventNameBlock(
                    required=False,
                    label=_("Did not do"),
                    help_text=_(
                        "Empty: nothing at all. Emails sent to the contact, campaigns and what your staff changed do "
                        "not count as something they did."
                    ),
                ),
            ),
            (
                "amount",
                blocks.IntegerBlock(
                    default=30,
                    min_value=1,
                    label=_("For at least"),
                    help_text=_("Whoever never did it counts from when the contact was created."),
                ),
            ),
            (
                "unit",
                blocks.ChoiceBlock(choices=list(period.UNITS.items()), default="days", label=_("Unit")),
            ),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        since = now - period.span(params["amount"], params["unit"])
        done = self._events(params, now).filter(occurred_at__gt=since)
        return Q(created_at__lte=since) & ~population.some(done)

    def _events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        if params.get("event"):
            return Event.objects.filter(name=params["event"])
        return Event.objects.filter(activity(now))

    def describe(self, params: Params) -> str:
        length = period.describe_span(params["amount"], params["unit"])
        if params.get("event"):
            return _t("not once %(what)s for %(time)s") % {
                "what": filters.verb(params["event"]),
                "time": length,
            }
        return _t("did nothing for %s") % length

    def mentions(self, params: Params) -> Mentions:
        return Mentions(events=frozenset({params.get("event") or ANY_EVENT}), clock=True)

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        length = period.span(params["amount"], params["unit"])
        moved = {"gt": since - length, "lte": now - length}
        events = self._events(params, now).filter(
            contact__isnull=False, **{f"occurred_at__{lookup}": moment for lookup, moment in moved.items()}
        )
        created = Q(*((f"created_at__{lookup}", moment) for lookup, moment in moved.items()))
        return Contact.objects.filter(created | Q(pk__in=events.values("contact_id"))).values("pk")
