"""What the contact said to a topic, and whether it may get emails about it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import ConsentState, Topic
from wagtail_journeys.events import catalogue

from . import registry
from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

STATES = {
    "may": _("may get emails about"),
    "may_not": _("may not get emails about"),
    "granted": _("said yes to"),
    "refused": _("said no to"),
    "unasked": _("said neither yes nor no to"),
}

SENTENCES = {
    "may": _("may get emails about “%s”"),
    "may_not": _("may not get emails about “%s”"),
    "granted": _("said yes to “%s”"),
    "refused": _("said no to “%s”"),
    "unasked": _("said neither yes nor no to “%s”"),
}


def topics() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Topic.objects.order_by("name").values_list("pk", "name")]


@registry.register
class Consent(Condition):
    """The newest answer counts. Whether an email may go is what sending itself asks: opt-in topics need a yes, opt-out
    topics no no. Addresses to which nothing is ever sent are another question."""

    key = "consent"
    label = _("Consent to a topic")
    icon = "tick-inverse"
    group = _("What they agreed to")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "state",
                blocks.ChoiceBlock(choices=list(STATES.items()), default="may", label=_("The contact")),
            ),
            ("topic", blocks.ChoiceBlock(choices=topics, label=_("Topic"))),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        topic = self._topic(params)
        if topic is None:
            return Q(pk__in=[])
        state = params["state"]
        if state in ("may", "may_not"):
            may = consent.may_receive("pk", topic)
            return may if state == "may" else ~may
        said = ConsentState.objects.filter(contact_id=OuterRef("pk"), topic_id=topic.pk)
        if state == "unasked":
            return ~Q(Exists(said))
        if state not in STATES:
            raise ValueError(f"There is no state {state!r}.")
        return Q(Exists(said.filter(state=state)))

    def _topic(self, params: Params) -> Topic | None:
        """None where it was deleted: nobody said anything to it, and nothing is sent about it."""
        return Topic.objects.filter(pk=params["topic"]).first() if params.get("topic") else None

    def describe(self, params: Params) -> str:
        topic = self._topic(params)
        name = topic.name if topic else _t("a deleted topic") if params.get("topic") else "…"
        return SENTENCES[params["state"]] % name

    def mentions(self, params: Params) -> Mentions:
        return Mentions(events=frozenset({catalogue.CONSENT_CHANGED}), fields=frozenset({"consent"}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        found = ConsentState.objects.filter(contact=contact, topic_id=params["topic"]).first()
        return found.get_state_display() if found else _t("neither yes nor no was said")
