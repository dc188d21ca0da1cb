"""An email of this journey was sent, delivered, opened, clicked, or it bounced: by one step, or any of them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns import naming
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Filter, Number
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions, email

from . import registry
from .base import JourneyCondition, Params, contacts_of, ids_of
from .blocks import StepChoiceBlock

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group

#: What can become of an email of a journey.
ACTIONS = {key: email.ACTIONS[key] for key in ("sent", "delivered", "opened", "clicked", "bounced")}
#: What the message itself knows before its event has been processed.
STATES = {"sent": [Message.State.SENT], "bounced": [Message.State.BOUNCED]}


@registry.register
class ThisEmail(JourneyCondition):
    key = "this_email"
    label = _("Email of this journey")
    icon = "mail"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "did",
                blocks.ChoiceBlock(
                    choices=[("did", _("did")), ("did_not", _("did not"))],
                    default="did",
                    label=_("The contact"),
                ),
            ),
            (
                "action",
                blocks.ChoiceBlock(
                    choices=[(key, words) for key, (_name, words, _phrase) in ACTIONS.items()],
                    default="opened",
                    label=_("What"),
                ),
            ),
            (
                "step",
                StepChoiceBlock(
                    only="send_email",
                    empty=_("any email of this journey"),
                    required=False,
                    label=_("Which email"),
                ),
            ),
            *email.detail_fields(),
        ]

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        found = self._told(group, params, now) | self._by_state(group, params)
        return set(ids_of(group)) - found if params.get("did") == "did_not" else found

    def _by_state(self, group: Group, params: Params) -> set[int]:
        states = STATES.get(params["action"])
        if states is None:
            return set()
        messages = Message.objects.order_by().filter(
            compiler.among(ids_of(group), "visit__journey_id"), state__in=states
        )
        if params.get("step"):
            messages = messages.filter(visit__step_id=params["step"])
        return set(messages.values_list("visit__journey_id", flat=True))

    def _told(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        asked = email.happened(params, now)
        if params.get("step"):
            asked &= Q(Filter("step", "is", params["step"]).q(now))
        events = Event.objects.order_by().filter(compiler.among(contacts_of(group), "contact_id"), asked)
        told = events.annotate(journey=Number("journey")).values_list("journey", flat=True)
        return {int(journey) for journey in told if journey is not None} & set(ids_of(group))

    def describe(self, params: Params) -> str:
        if params.get("step"):
            which = _t("the email of %s") % naming.step(params["step"])
        else:
            which = _t("any email of this journey")
        words = email.in_words(params, which)
        return _t("never %s") % words if params.get("did") == "did_not" else words

    def mentions(self, params: Params) -> Mentions:
        return Mentions(events=frozenset({ACTIONS[params["action"]][0]}))
