"""What conditions about events have in common: did or did not, how often, when. Each of them says which events it means."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.rows import shown_when

from . import period, population
from .base import Condition, Mentions, Params
from .period import Period

DID, DID_NOT = "did", "did_not"
OFTEN = {"at_least": _("at least"), "exactly": _("exactly"), "at_most": _("at most")}
OCCASIONS = {"any": _("any time"), "first": _("the first time"), "last": _("the last time")}


class Behaviour(Condition):
    """Whether, how often and when one of certain events happened to the contact.

    Subclasses say which events (``events``, ``names``), in which words (``what``), and add their own fields.
    """

    group = _("What they did")
    steady = True
    choices: list[tuple[str, Any]] = [(DID, _("did")), (DID_NOT, _("did not"))]

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        """The fields that choose the events."""
        return []

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        """The events that are meant, of anybody at any time."""
        raise NotImplementedError

    def names(self, params: Params) -> frozenset[str]:
        """The names they may have."""
        raise NotImplementedError

    def what(self, params: Params) -> str:
        """What somebody did: "viewed any page in “Guides”"."""
        raise NotImplementedError

    def clock(self, params: Params) -> bool:
        """Whether the clock alone changes which events are meant."""
        return False

    def errors(self, value: Params) -> dict[str, Any]:
        """What is wrong with the fields, by name."""
        found = period.problems(value)
        if value.get("occasion", "any") != "any" and (value.get("period") or period.EVER) == period.EVER:
            found["period"] = _t("Say when the first or the last time has to be.")
        return found

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("did", blocks.ChoiceBlock(choices=self.choices, default=DID, label=_("The contact"))),
            *self.own_fields(),
            (
                "occasion",
                blocks.ChoiceBlock(
                    choices=list(OCCASIONS.items()), default="any", label=_("Which time counts")
                ),
            ),
            (
                "how_often",
                blocks.ChoiceBlock(
                    choices=list(OFTEN.items()),
                    default="at_least",
                    label=_("How often"),
                    help_text=_("At most so many times includes never."),
                    form_attrs=shown_when("occasion", ["any"]),
                ),
            ),
            (
                "count",
                blocks.IntegerBlock(
                    default=1, min_value=1, label=_("Times"), form_attrs=shown_when("occasion", ["any"])
                ),
            ),
            *period.fields(),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        events, when = self.events(params, now), Period.read(params, now)
        done = self.done(params, events, when)
        return ~done if params.get("did") == DID_NOT else done

    def done(self, params: Params, events: QuerySet[Event], when: Period) -> Q:
        """Contacts who did, without looking at whether it is asked for or against."""
        inside = events.filter(when.q())
        occasion = params.get("occasion") or "any"
        if occasion != "any":
            outside = when.earlier() if occasion == "first" else when.later()
            found = population.some(inside)
            return found & ~population.some(events.filter(outside)) if outside is not None else found
        often, count = params.get("how_often") or "at_least", params.get("count") or 1
        if often == "at_most":
            return ~population.at_least(inside, count + 1)
        found = population.at_least(inside, count)
        return found & ~population.at_least(inside, count + 1) if often == "exactly" else found

    def describe(self, params: Params) -> str:
        return self.sentence(params, self.what(params))

    def sentence(self, params: Params, what: str) -> str:
        """ "never viewed a page in the last 30 days", with "viewed a page" for ``what``."""
        negative = params.get("did") == DID_NOT
        when = period.describe(params)
        occasion = params.get("occasion") or "any"
        if occasion != "any":
            words = {
                ("first", False): _t("for the first time %(what)s%(when)s"),
                ("first", True): _t("not for the first time %(what)s%(when)s"),
                ("last", False): _t("for the last time %(what)s%(when)s"),
                ("last", True): _t("not for the last time %(what)s%(when)s"),
            }[(occasion, negative)]
            return words % {"what": what, "when": when}
        often, count = params.get("how_often") or "at_least", params.get("count") or 1
        if often == "at_least" and count == 1:
            return (_t("never %s") % what if negative else what) + when
        return f"{what} {_times(often, count, negative)}{when}"

    def mentions(self, params: Params) -> Mentions:
        return Mentions(
            events=self.names(params),
            clock=period.moves(params) or self.clock(params),
            sections=bool(params.get("section")),
        )

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        if self.clock(params) or not period.moves(params):
            return None
        moved = Period.read(params, now).crossed(since, now)
        found = Event.objects.filter(moved, name__in=self.names(params), contact__isnull=False)
        return found.values("contact_id")


def _times(often: str, count: int, negative: bool) -> str:
    words = {
        ("at_least", False): ngettext("at least %d time", "at least %d times", count),
        ("at_least", True): ngettext("fewer than %d time", "fewer than %d times", count),
        ("exactly", False): ngettext("exactly %d time", "exactly %d times", count),
        ("exactly", True): ngettext("not exactly %d time", "not exactly %d times", count),
        ("at_most", False): ngettext("at most %d time", "at most %d times", count),
        ("at_most", True): ngettext("more than %d time", "more than %d times", count),
    }
    return words[(often, negative)] % count
