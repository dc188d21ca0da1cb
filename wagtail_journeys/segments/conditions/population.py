"""How a question about events is put: to every contact at once, or to a few.

About a few contacts (a batch of the pipeline, a step) the database looks up what each of them did. About everybody it
is faster to walk through the events once. The answers are the same; only the way of asking differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import BooleanField, Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum

from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Number

_everybody: ContextVar[bool] = ContextVar("everybody", default=False)


@contextmanager
def everybody() -> Iterator[None]:
    """Filters made inside are for a query about the whole population."""
    token = _everybody.set(True)
    try:
        yield
    finally:
        _everybody.reset(token)


def some(events: QuerySet[Event]) -> Q:
    """Contacts who have at least one of these events."""
    if _everybody.get():
        return Q(_Among(events.filter(contact__isnull=False).order_by().values("contact_id")))
    return Q(Exists(events.filter(contact_id=OuterRef("pk"))))


def ids(found: Q) -> QuerySet[Any, Any] | None:
    """The ids of the contacts themselves, where nothing but one question about events is asked of everybody.

    Each id once. Nobody has to be looked up among the contacts then; None: somebody has.
    """
    if found.negated or len(found.children) != 1 or not isinstance(found.children[0], _Among):
        return None
    return found.children[0].ids.distinct()


def at_least(events: QuerySet[Event], times: int) -> Q:
    """Contacts who have at least so many of these events."""
    if times <= 1:
        return some(events) if times == 1 else ~Q(pk__in=[])
    # Counting rows, and not ids: the index of what each contact did answers that without looking at the rows.
    return _having(events, Count("*"), times)


def total(events: QuerySet[Event], name: str, limit: float) -> Q:
    """Contacts for whom the property of this name adds up to at least ``limit``; what is no number is left out."""
    return _having(events, Sum(Number(name)), limit)


def _having(events: QuerySet[Event], measure: Any, limit: float) -> Q:
    events = events.order_by()
    events = (
        events.filter(contact__isnull=False) if _everybody.get() else events.filter(contact_id=OuterRef("pk"))
    )
    groups = events.values("contact_id").annotate(measure=measure).filter(measure__gte=limit)
    if _everybody.get():
        return Q(_Among(groups.values("contact_id")))
    return Q(Exists(groups))


class _Among(Func):
    """Whether the contact's id is in a query of ids, in the words that the database plans best (also for "not")."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, ids: QuerySet[Any, Any]) -> None:
        self.ids = ids
        super().__init__(F("pk"), Subquery(ids))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        contact, ids = self.source_expressions
        left, left_params = compiler.compile(contact)
        right, right_params = compiler.compile(ids)
        if connection.vendor == "postgresql":
            # A join, also where it is negated: "NOT IN" would be asked row by row.
            sql = f"EXISTS (SELECT 1 FROM {right} AS wj_found(id) WHERE wj_found.id = {left})"  # noqa: S608
            return sql, [*right_params, *left_params]
        return f"{left} IN {right}", [*left_params, *right_params]
