from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions
from wagtail_journeys.segments.conditions.base import ConditionBlock
from wagtail_journeys.segments.rows import ROW

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group

#: What a block stores: JSON values by field name.
Params = dict[str, Any]

#: The heading under which these conditions are offered.
IN_THIS_JOURNEY = _("In this journey")


class JourneyCondition:
    """One question about a journey. Steps ask it beside those about the contact, and combine them at will.

    Subclass it, give it a ``key`` that no condition of segments has, and decorate it with ``@registry.register``.
    ``params`` is what the block stores: a dict of JSON values.
    """

    key: str = ""
    label: Any = ""
    icon: str = "crosshairs"
    group: Any = IN_THIS_JOURNEY

    def fields(self) -> list[tuple[str, blocks.Block]]:
        """The form: child blocks by name."""
        return []

    def errors(self, value: Params) -> dict[str, Any]:
        """What is missing or wrong in a finished line, by field: {"name": "Say which."}. Called with clean values."""
        return {}

    def block(self) -> blocks.StructBlock:
        return ConditionBlock(self, label=self.label, icon=self.icon, group=self.group, form_classname=ROW)

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        """Ids of those journeys of the group for which the answer is yes.

        The number of statements must not depend on the number of journeys.
        """
        raise NotImplementedError

    def describe(self, params: Params) -> str:
        """The question as half a sentence about the contact: "opened any email of this journey"."""
        raise NotImplementedError

    def mentions(self, params: Params) -> Mentions:
        """What can change the answer while a journey waits; it is asked again when one of these happens."""
        return Mentions()


def journeys(ids: Collection[int]) -> QuerySet[Any]:
    """These journeys, as rows. They know contacts and campaigns, not the other way round: reached by their relation."""
    model: Any = Contact._meta.get_field("journeys").related_model
    return model._default_manager.order_by().filter(compiler.among(ids))


def ids_of(group: Group) -> list[int]:
    return [position.journey for position in group.positions]


def contacts_of(group: Group) -> set[int]:
    return {position.contact for position in group.positions}
