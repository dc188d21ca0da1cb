from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.lookups import Exact
from wagtail import blocks

from wagtail_journeys.segments.rows import ROW

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

#: What a block stores: JSON values by field name.
Params = dict[str, Any]

#: Among the event names of ``Mentions``: any event at all.
ANY_EVENT = "*"


def negated(q: Q) -> Q:
    """Everybody else, also where SQL's answer to ``q`` is neither yes nor no (something that is missing)."""
    answer = Case(When(q, then=Value(True)), default=Value(False), output_field=BooleanField())
    return Q(Exact(answer, Value(False)))


@dataclass(frozen=True)
class Mentions:
    """What can change the answer of a rule: event names, contact fields (``"locale"``, ``"attributes.plan"``),
    segments (ids), whether the clock alone can, and whether moving pages in the tree can (``sections``)."""

    events: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    segments: frozenset[int] = frozenset()
    clock: bool = False
    sections: bool = False

    def __or__(self, other: Mentions) -> Mentions:
        return Mentions(
            self.events | other.events,
            self.fields | other.fields,
            self.segments | other.segments,
            self.clock or other.clock,
            self.sections or other.sections,
        )


class Asks(Protocol):
    """What the line of a condition needs of it."""

    def fields(self) -> list[tuple[str, blocks.Block]]: ...

    def errors(self, value: Params) -> dict[str, Any]: ...


class ConditionBlock(blocks.StructBlock):
    """The line of a condition: refuses what the condition says cannot be asked, unless it is only a draft."""

    def __init__(self, condition: Asks, **kwargs: Any) -> None:
        self.condition = condition
        super().__init__(condition.fields(), **kwargs)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        errors = {name: ValidationError(said) for name, said in self.condition.errors(cleaned).items()}
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return cleaned


class Condition:
    """One question about a contact: the one class that gives the query and the sentence.

    Subclass it, give it a ``key`` and decorate it with ``@registry.register``. ``params`` is what the block stores: a
    dict of JSON values (a chooser stores the id). ``now`` is always the moment the question is asked for; conditions
    never look at the clock themselves.
    """

    key: str = ""
    label: Any = ""
    icon: str = "check"
    #: Heading in the chooser of blocks.
    group: Any = ""
    #: Whether ``q`` depends on nothing but ``params``, ``now``, the settings and what it looks up in the database: how it
    #: is put into SQL is then remembered from batch to batch. What it looks up is looked up again each time.
    steady: bool = False

    def fields(self) -> list[tuple[str, blocks.Block]]:
        """The form: child blocks by name."""
        return []

    def errors(self, value: Params) -> dict[str, Any]:
        """What is missing or wrong in a finished line, by field: {"to": "Say until when."}. Called with clean values."""
        return {}

    def block(self) -> blocks.StructBlock:
        return ConditionBlock(
            self,
            label=self.label,
            icon=self.icon,
            group=self.group or None,
            form_classname=ROW,
        )

    def q(self, params: Params, now: datetime.datetime) -> Q:
        """The question as a filter on Contact. Must not run statements whose number grows with the contacts."""
        raise NotImplementedError

    def describe(self, params: Params) -> str:
        """The question as half a sentence about the contact: "language is Dutch"."""
        raise NotImplementedError

    def mentions(self, params: Params) -> Mentions:
        """What can change the answer. Membership is only looked at again when one of these happens."""
        return Mentions()

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        """Ids of the contacts whose answer the clock alone can have changed after ``since`` and until ``now``.

        A flat list of ids (``values_list(…, flat=True)``) that an index answers; too many is allowed, too few is not. Only asked of rules that
        mention the clock. None: cannot be told, so that the sweep looks at everybody.
        """
        return None

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        """What is known of this one contact beyond yes and no, in a few words: "3 times, at least 5 are asked for".

        For the explanation beside a rule; at most one statement. "" where yes and no say it all.
        """
        return ""
