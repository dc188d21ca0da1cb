from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns import asking
from wagtail_journeys.campaigns.outcomes import Outcome
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.conditions import Mentions

#: What a block stores: JSON values by field name.
Params = dict[str, Any]

#: Headings in the chooser of steps, in this order; those of host sites come after them.
TIMING, MESSAGES, LOGIC, CONTACT = _("Timing"), _("Messages"), _("Logic"), _("Contact")
GROUPS = (TIMING, MESSAGES, LOGIC, CONTACT)


@dataclass(frozen=True, slots=True)
class Position:
    """A journey standing at a step. ``arrived_at`` is when it came here first; ``attempts`` failed tries so far.

    ``asked_before``: the step has let it wait. ``holdout``: it is in a control group and gets no messages.
    """

    journey: int
    contact: int
    arrived_at: datetime.datetime
    entered_at: datetime.datetime
    entry_event: int | None
    attempts: int = 0
    asked_before: bool = False
    holdout: bool = False


@dataclass
class Group:
    """All journeys that stand at one step of one campaign version and are due."""

    campaign: int
    step_id: str
    positions: Sequence[Position]
    #: Name of the campaign's time zone; "" where it has none.
    zone: str = ""

    @cached_property
    def contacts(self) -> dict[int, Contact]:
        """The contacts by id: one statement for the whole group, and only if asked for."""
        return Contact.objects.in_bulk({position.contact for position in self.positions})

    @cached_property
    def entry_events(self) -> dict[int, Event]:
        """The events that started the journeys, by id: one statement, only if asked for."""
        return Event.objects.in_bulk({p.entry_event for p in self.positions if p.entry_event})

    @cached_property
    def topic(self) -> int | None:
        """The topic that the campaign's emails need consent to: one statement, only if asked for."""
        campaigns = apps.get_model("wagtail_journeys", "Campaign")._default_manager
        found: int | None = campaigns.values_list("topic_id", flat=True).get(pk=self.campaign)
        return found

    def matching(self, match: str, rules: Sequence[dict[str, Any]], now: datetime.datetime) -> set[int]:
        """Ids of the group's journeys that match these rules now, about the contact or about the journey.

        One statement for what is asked about contacts, and one or two for each question about journeys.
        """
        if not rules:
            return {position.journey for position in self.positions}
        return asking.evaluate({0: (match, rules)}, self, now)[0]

    def part(self, positions: Sequence[Position]) -> Group:
        return Group(self.campaign, self.step_id, positions, self.zone)


class Step:
    """One kind of step: its form, its sentence, and what it decides for a group of journeys.

    Subclass it, give it a ``key`` and decorate it with ``@registry.register``. ``params`` is what the block stores: a
    dict of JSON values. Do not write to the database and do not touch the network in ``decide``: return outcomes, the
    engine does the rest.
    """

    key: str = ""
    label: Any = ""
    icon: str = "cog"
    #: Heading in the chooser of steps.
    group: Any = ""
    #: Names of nested streams of steps, with their labels, e.g. ``{"yes": "Yes", "no": "No"}``.
    arms: dict[str, Any] = {}
    #: Name of the field that holds a list of arms which the editor makes; see ``campaigns.arms``.
    arm_list: str = ""
    #: Whether every journey ends here, so that nothing behind it is ever reached.
    ends: bool = False
    #: Whether it only waits; ``holds``: for the right hour, so that what comes behind it is what was due.
    waits: bool = False
    holds: bool = False
    #: For steps that journeys are woken at: what they wait for there, in words.
    awaits: Any = ""

    def fields(self) -> list[tuple[str, blocks.Block]]:
        """The form: child blocks by name (without the arms)."""
        return []

    def arm_fields(self, stream: Callable[[Any], blocks.StreamBlock]) -> list[tuple[str, blocks.Block]]:
        """The fields that hold nested steps; ``stream(label)`` makes a stream of steps."""
        return [(name, stream(label)) for name, label in self.arms.items()]

    def block(self, arms: Sequence[tuple[str, blocks.Block]] = ()) -> blocks.StructBlock:
        """The block; ``arms`` are the fields that hold nested steps."""
        return blocks.StructBlock(
            [*self.fields(), *arms],
            label=self.label,
            icon=self.icon,
            group=self.group or None,
            form_classname=f"struct-block wj-step wj-step-{self.key}",
        )

    def describe(self, params: Params) -> str:
        """What the step does, in a sentence for the flow chart and the timeline."""
        return str(self.label)

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        """An outcome for every journey of the group, by journey id.

        The number of statements it runs must not depend on the number of journeys. Raising makes the engine find the
        journey it was raised for by halving the group; the others go on.
        """
        raise NotImplementedError

    def problems(self, params: Params) -> list[str]:
        """Why a campaign with this step cannot go live; empty when it can."""
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        """What the step uses, by kind: ``{"template": {3}, "segment": {1, 2}}``."""
        return {}

    def asks(self, params: Params) -> tuple[str, list[dict[str, Any]]] | None:
        """The conditions (match, rules) that hold a waiting journey back; its page tells which are true already."""
        return None

    def missing(self, params: Params, position: Position) -> str:
        """What else has not happened yet for a journey that waits here, in a sentence; "" if there is nothing to say."""
        return ""

    def mentions(self, params: Params) -> Mentions | None:
        """For steps that journeys wait at: what makes the step look at a waiting contact again before it is due."""
        return None


class SimpleStep(Step):
    """For site authors: decide for one journey at a time. Slower than a Step, and fine for small numbers."""

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        return {position.journey: self.run(position, group, params, now) for position in group.positions}

    def run(self, position: Position, group: Group, params: Params, now: datetime.datetime) -> Outcome:
        """What happens to this journey. ``group.contacts[position.contact]`` is the contact."""
        raise NotImplementedError
