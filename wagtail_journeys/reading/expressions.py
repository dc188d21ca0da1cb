"""Questions about a value as filters and annotations of Django."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, F, FloatField, Func, Q

from .plain import nameable
from .postgres import Postgres, PostgresNumber, PostgresText
from .sql import Question
from .sqlite import Sqlite, SqliteNumber, SqliteText

MEMBERS = {"postgresql": Postgres.member, "sqlite": Sqlite.member}
COLUMNS: dict[str, dict[str, Any]] = {
    "postgresql": {"string": PostgresText, "number": PostgresNumber},
    "sqlite": {"string": SqliteText, "number": SqliteNumber},
}


class _Member(Func):
    """Something about the value of this name in a column of JSON objects."""

    def __init__(self, column: str, name: str, question: Question, *, output_field: Any = None) -> None:
        self.column, self.name, self.question = column, name, question
        super().__init__(F(column), output_field=output_field or BooleanField())

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        return self.question(MEMBERS[connection.vendor]((sql, list(params)), self.name))


class _Column(Func):
    """A question about a column whose kind is "string" or "number"."""

    def __init__(self, column: str, kind: str, question: Question) -> None:
        self.column, self.kind, self.question = column, kind, question
        super().__init__(F(column), output_field=BooleanField())

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        return self.question(COLUMNS[connection.vendor][self.kind]((sql, list(params))))


class Number(_Member):
    """A property of an event as a number (a float); NULL where it is none."""

    def __init__(self, name: str) -> None:
        super().__init__("properties", name, lambda value: value.number(), output_field=FloatField())


def attribute(name: str, question: Question) -> Q:
    """Ask about an attribute of contacts: ``attribute("plan", lambda value: value.text_is("contains", "pro"))``.

    A name that is not ``nameable`` is one that nobody has, in both databases.
    """
    if not nameable(name):
        return Q(pk__in=[])
    return Q(_Member("attributes", name, question))


def property_holds(name: str, question: Question, *, items: bool = True) -> Q:
    """Ask about a property of events; with ``items``, of one that is a list whether one of its items will do."""
    return Q(_Member("properties", name, (lambda value: value.each(question)) if items else question))


def column(name: str, kind: str, question: Question) -> Q:
    """The same of a column of the contact whose kind is "string" or "number"."""
    return Q(_Column(name, kind, question))
