"""How the value of an attribute is read as text, number, yes or no, date or list, in each database's own words.

Attributes have no types: whatever a form, a till or an import has said is there. A question about a number is true of
numbers and of nothing else, and so on; a value of another kind, or nonsense, is never an error and never matches. Each
question is one pass over the contacts' JSON, as no index knows its insides.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, F, Func, Q

#: SQL with its parameters.
Sql = tuple[str, list[Any]]

#: Numbers beyond are not compared: the two databases round them differently.
LARGEST = 10**18

_DAY = (
    r"([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])"
    r"|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_TIME = r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONE = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
#: A day that exists, perhaps with a time of day; and a moment that says in which zone. Both databases read them alike.
DAY = rf"\A(?!0000){_DAY}({_TIME})?\Z"
MOMENT = rf"\A(?!0000|9999){_DAY}{_TIME}{_ZONE}\Z"


def usable(text: str) -> bool:
    """Whether both databases can be given this text: no NUL, no halves of characters."""
    try:
        return "\x00" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def nameable(name: str) -> bool:
    """Whether an attribute of this name can be asked for: SQLite knows no quotes and no control characters in it."""
    return bool(name) and usable(name) and not re.search(r'["\\\x00-\x1f]', name)


def as_number(text: str) -> decimal.Decimal | None:
    """The number somebody wrote, with a comma or a point; None where it is none, or too large to compare."""
    try:
        number = decimal.Decimal(text.strip().replace(",", "."))
    except decimal.InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > LARGEST:
        return None
    # What a double cannot hold, a number in JSON cannot hold either.
    return number if number == number.to_integral_value() else decimal.Decimal(repr(float(number)))


@dataclass(frozen=True)
class Value:
    """What an attribute is compared with, in all the ways in which it can be meant: "3" is a text and a number."""

    text: str

    @property
    def number(self) -> decimal.Decimal | None:
        return as_number(self.text)

    @property
    def truth(self) -> bool | None:
        return {"true": True, "false": False}.get(self.text.strip().lower())


YES: Sql = ("true", [])
ONE: Sql = ("1", [])
ZERO: Sql = ("0", [])


class Reader:
    """One database's words for the parts of a value. ``Sql`` in, ``Sql`` out."""

    def __init__(self, document: Sql, name: str) -> None:
        self.document, self.name = document, name


class Postgres(Reader):
    def json(self) -> Sql:
        sql, params = self.document
        return f"({sql} -> %s::text)", [*params, self.name]

    def text(self) -> Sql:
        sql, params = self.document
        return f"({sql} ->> %s::text)", [*params, self.name]

    def case(self, **arms: Sql) -> Sql:
        """The answer by the kind of the value: string, number, boolean, array; no for all others."""
        kind, params = self.json()
        parts, params = [f"CASE jsonb_typeof({kind})"], list(params)
        for name, (sql, more) in arms.items():
            parts.append(f"WHEN '{name}' THEN {sql}")
            params += more
        return f"COALESCE({' '.join(parts)} ELSE false END, false)", params

    def known(self) -> Sql:
        text, params = self.text()
        return self.case(string=(f"{text} <> ''", params), number=YES, boolean=YES, array=YES, object=YES)

    def same(self, values: Sequence[Value]) -> Sql:
        return self.case(**self._same(self.text(), values))

    def _same(self, given: Sql, values: Sequence[Value]) -> dict[str, Sql]:
        text, params = given
        numbers = [v.number for v in values if v.number is not None]
        texts = [v.text for v in values]
        truths = ["true" if v.truth else "false" for v in values if v.truth is not None]
        return {
            "string": (
                f"lower({text}) IN ({', '.join(['lower(%s::text)'] * len(values))})",
                [*params, *texts],
            ),
            "number": (f"{text}::numeric = ANY (%s::numeric[])", [*params, numbers]),
            "boolean": (f"{text} = ANY (%s::text[])", [*params, truths]),
        }

    def text_is(self, how: str, value: str) -> Sql:
        text, params = self.text()
        sql = {
            "contains": f"strpos(lower({text}), lower(%s::text)) > 0",
            "starts_with": f"starts_with(lower({text}), lower(%s::text))",
            "ends_with": f"right(lower({text}), length(lower(%s::text))) = lower(%s::text)",
        }[how]
        return self.case(string=(sql, [*params, *[value] * (2 if how == "ends_with" else 1)]))

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        text, params = self.text()
        tests, more = [f"abs({text}::numeric) <= %s"], [*params, LARGEST]
        for bound, sign in ((low, ">"), (high, "<")):
            if bound is not None:
                tests.append(f"{text}::numeric {sign}{'' if strict else '='} %s::numeric")
                more += [*params, bound]
        return self.case(number=(f"({' AND '.join(tests)})", more))

    def truth(self, wanted: bool) -> Sql:
        text, params = self.text()
        return self.case(boolean=(f"{text} = %s", [*params, "true" if wanted else "false"]))

    def holds(self, value: Value) -> Sql:
        # The whole list in lower case contains what is wanted: much faster than taking it apart.
        document, params = self.json()
        wanted = [("lower(%s::text)::jsonb", json.dumps(value.text, ensure_ascii=False))]
        if value.number is not None:
            wanted.append(("%s::jsonb", f"{value.number:f}"))
        if value.truth is not None:
            wanted.append(("%s::jsonb", json.dumps(value.truth)))
        tests = [f"lower({document}::text)::jsonb @> {sql}" for sql, _given in wanted]
        found = [param for _sql, given in wanted for param in (*params, given)]
        return self.case(array=(f"({' OR '.join(tests)})", found), **self._same(self.text(), [value]))

    def day(self, first: Sql, day: Sql, moment: Sql) -> Sql:
        """``day`` where the value is a day, ``moment`` where it is a moment with its zone.

        ``first`` is asked before anything else, of any text: something cheap that is true of all that shall match.
        """
        text, params = self.text()
        sql = (
            f"CASE WHEN NOT ({first[0]}) THEN false "
            f"WHEN {text} ~ %s THEN {day[0]} WHEN {text} ~ %s THEN {moment[0]} ELSE false END"
        )
        return self.case(string=(sql, [*first[1], *params, DAY, *day[1], *params, MOMENT, *moment[1]]))

    def day_text(self, start: int, length: int) -> Sql:
        text, params = self.text()
        return f'(substr({text}, {start}, {length}) COLLATE "C")', params

    def moment(self) -> Sql:
        text, params = self.text()
        return f"{text}::timestamptz", params

    def instant(self, at: datetime.datetime) -> Sql:
        return "%s::timestamptz", [at]


class Sqlite(Reader):
    def path(self) -> Sql:
        """SQLite compares names as they are spelled in the JSON, and Python may have spelled out what is not ASCII."""
        plain, escaped = (f"$.{json.dumps(self.name, ensure_ascii=ascii_)}" for ascii_ in (False, True))
        if plain == escaped:
            return "%s", [plain]
        sql, params = self.document
        return f"CASE WHEN json_type({sql}, %s) IS NULL THEN %s ELSE %s END", [*params, plain, escaped, plain]

    def _call(self, function: str) -> Sql:
        (sql, params), (path, more) = self.document, self.path()
        return f"{function}({sql}, {path})", [*params, *more]

    def kind(self) -> Sql:
        return self._call("json_type")

    def text(self) -> Sql:
        return self._call("json_extract")

    def case(self, **arms: Sql) -> Sql:
        kind, params = self.kind()
        sql, more = _by_kind(f"CASE {kind}", arms, "0")
        return f"COALESCE({sql}, 0)", [*params, *more]

    def known(self) -> Sql:
        text, params = self.text()
        kinds = ("integer", "real", "true", "false", "array", "object")
        return self.case(text=(f"{text} <> ''", params), **dict.fromkeys(kinds, ONE))

    def same(self, values: Sequence[Value]) -> Sql:
        return self.case(**self._same(self.text(), values))

    def _same(self, given: Sql, values: Sequence[Value]) -> dict[str, Sql]:
        text, params = given
        like = [self._like(given, "is", value.text) for value in values]
        numbers = [_double(v.number) for v in values if v.number is not None]
        among = (f"{text} IN ({', '.join(['%s'] * len(numbers))})", [*params, *numbers]) if numbers else ZERO
        truths = {v.truth for v in values}
        return {
            "text": (f"({' OR '.join(sql for sql, _ in like)})", [p for _, more in like for p in more]),
            "integer": among,
            "real": among,
            "true": ONE if True in truths else ZERO,
            "false": ONE if False in truths else ZERO,
        }

    def _like(self, given: Sql, how: str, value: str) -> Sql:
        """LIKE knows upper and lower case of ASCII only; Python's own expressions, which Django lends, know all."""
        text, params = given
        if value.isascii():
            escaped = re.sub(r"([\\%_])", r"\\\1", value)
            pattern = {
                "is": escaped,
                "contains": f"%{escaped}%",
                "starts_with": f"{escaped}%",
                "ends_with": f"%{escaped}",
            }[how]
            return f"{text} LIKE %s ESCAPE '\\'", [*params, pattern]
        escaped = re.escape(value)
        pattern = {
            "is": rf"(?i)\A{escaped}\Z",
            "contains": rf"(?i){escaped}",
            "starts_with": rf"(?i)\A{escaped}",
            "ends_with": rf"(?i){escaped}\Z",
        }[how]
        return f"{text} REGEXP %s", [*params, pattern]

    def text_is(self, how: str, value: str) -> Sql:
        return self.case(text=self._like(self.text(), how, value))

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        text, params = self.text()
        tests, more = [f"abs({text}) <= %s"], [*params, LARGEST]
        for bound, sign in ((low, ">"), (high, "<")):
            if bound is not None:
                tests.append(f"{text} {sign}{'' if strict else '='} %s")
                more += [*params, _double(bound)]
        found = (f"({' AND '.join(tests)})", more)
        return self.case(integer=found, real=found)

    def truth(self, wanted: bool) -> Sql:
        return self.case(**{"true" if wanted else "false": ONE})

    def holds(self, value: Value) -> Sql:
        sql, params = _by_kind("CASE e.type", self._same(("e.value", []), [value]), "0")
        each, more = self._call("json_each")
        found = f"EXISTS (SELECT 1 FROM {each} AS e WHERE {sql})", [*more, *params]  # noqa: S608 likewise
        return self.case(**dict.fromkeys(("array", "text", "integer", "real", "true", "false"), found))

    def day(self, first: Sql, day: Sql, moment: Sql) -> Sql:
        text, params = self.text()
        sql = (
            f"CASE WHEN NOT ({first[0]} AND {text} GLOB '[0-9][0-9][0-9][0-9]-*') THEN 0 "
            f"WHEN {text} REGEXP %s THEN {day[0]} WHEN {text} REGEXP %s THEN {moment[0]} ELSE 0 END"
        )
        given = [*first[1], *params, *params, DAY, *day[1], *params, MOMENT, *moment[1]]
        return self.case(text=(sql, given))

    def day_text(self, start: int, length: int) -> Sql:
        text, params = self.text()
        return f"substr({text}, {start}, {length})", params

    def moment(self) -> Sql:
        text, params = self.text()
        return f"julianday({text})", params

    def instant(self, at: datetime.datetime) -> Sql:
        return "julianday(%s)", [at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S").zfill(19)]


def _by_kind(head: str, arms: dict[str, Sql], otherwise: str = "false") -> Sql:
    parts, params = [head], []
    for name, (sql, more) in arms.items():
        parts.append(f"WHEN '{name}' THEN {sql}")
        params += more
    return f"{' '.join(parts)} ELSE {otherwise} END", params


def _double(number: decimal.Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


class PostgresColumn(Postgres):
    """A column of the contact instead of an attribute; ``name`` is the kind of its value, "string" or "number"."""

    def text(self) -> Sql:
        return self.document

    def case(self, **arms: Sql) -> Sql:
        sql, params = arms.get(self.name, ("false", []))
        return f"COALESCE({sql}, false)", params


class SqliteColumn(Sqlite):
    def text(self) -> Sql:
        return self.document

    def case(self, **arms: Sql) -> Sql:
        sql, params = arms.get({"string": "text", "number": "integer"}[self.name], ZERO)
        return f"COALESCE({sql}, 0)", params


class _Asked(Func):
    """A question about one value as an expression: true or false, never an error and never NULL."""

    def __init__(self, column: str, name: str, question: Callable[[Any], Sql]) -> None:
        self.column, self.name, self.question = column, name, question
        super().__init__(F(column), output_field=BooleanField())

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        document = compiler.compile(self.source_expressions[0])
        sql, params = document[0], list(document[1])
        in_json = self.column == "attributes"
        if connection.vendor == "postgresql":
            reader = (Postgres if in_json else PostgresColumn)((sql, params), self.name)
            return self.question(reader)
        return self.question((Sqlite if in_json else SqliteColumn)((sql, params), self.name))


def attribute(name: str, question: Callable[[Any], Sql]) -> Q:
    """Ask about an attribute: ``attribute("plan", lambda value: value.text_is("contains", "pro"))``.

    A name that is not ``nameable`` is one that nobody has, in both databases.
    """
    if not nameable(name):
        return Q(pk__in=[])
    return Q(_Asked("attributes", name, question))


def column(name: str, kind: str, question: Callable[[Any], Sql]) -> Q:
    """The same of a column of the contact whose kind is "string" or "number"."""
    return Q(_Asked(name, kind, question))
