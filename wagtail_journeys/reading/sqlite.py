"""SQLite's words. Patterns are Python's, which Django lends it: they are asked last."""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Sequence

from .plain import DAY, LARGEST, MOMENT, NUMBER, Value, nameable
from .sql import Question, Reader, Sql, either, every

ONE: Sql = ("1", [])
ZERO: Sql = ("0", [])
KINDS = ("text", "integer", "real", "true", "false", "array", "object")


class Sqlite(Reader):
    def __init__(self, kind: Sql, text: Sql, items: Sql) -> None:
        self.kind, self.text, self.items = kind, text, items

    @classmethod
    def member(cls, document: Sql, name: str) -> Sqlite:
        """The value of this name in an object."""
        sql, params = document
        if not nameable(name):
            # What a path cannot say is looked for among all the names.
            def part(column: str) -> Sql:
                found = f"(SELECT {column} FROM json_each({sql}) AS wj_all WHERE wj_all.key = %s)"  # noqa: S608
                return found, [*params, name]

            value = part("wj_all.value")
            return cls(part("wj_all.type"), value, (f"json_each({value[0]})", value[1]))
        path, more = _path(sql, params, name)
        given = [*params, *more]
        return cls(
            (f"json_type({sql}, {path})", given),
            (f"json_extract({sql}, {path})", given),
            (f"json_each({sql}, {path})", given),
        )

    def case(self, **arms: Sql) -> Sql:
        """The answer by the kind of the value, in SQLite's names; no for all others."""
        parts, params = [f"CASE {self.kind[0]}"], list(self.kind[1])
        for name, (answer, more) in arms.items():
            parts.append(f"WHEN '{name}' THEN {answer}")
            params += more
        return f"COALESCE({' '.join(parts)} ELSE 0 END, 0)", params

    def each(self, question: Question) -> Sql:
        """Whether it is true of the value, or of one of the items of a list."""
        alone, given = question(self)
        item, more = question(
            Sqlite(("wj_item.type", []), ("wj_item.value", []), ("json_each(wj_item.value)", []))
        )
        (kind, params), (items, source) = self.kind, self.items
        return (
            f"(CASE WHEN {kind} = 'array' THEN EXISTS (SELECT 1 FROM {items} AS wj_item WHERE {item}) "  # noqa: S608
            f"ELSE {alone} END)"
        ), [*params, *source, *more, *given]

    def known(self) -> Sql:
        text, params = self.text
        return self.case(**{**dict.fromkeys(KINDS, ONE), "text": (f"{text} <> ''", params)})

    def same(self, values: Sequence[Value]) -> Sql:
        if all(value.is_plain for value in values):
            return _never_null(self._same_text(values))
        numbers = [_double(value.number) for value in values if value.number is not None]
        among: Sql = (f"IN ({', '.join(['%s'] * len(numbers))})", [*numbers])
        text, params = self.text
        number = (f"{text} {among[0]}", [*params, *numbers]) if numbers else ZERO
        truths = {value.truth for value in values}
        texts = self._same_text(values)
        return self.case(
            text=either([texts, self._if_number((f"{self._written()} {among[0]}", [*params, *among[1]]))])
            if numbers
            else texts,
            integer=number,
            real=number,
            true=ONE if True in truths else ZERO,
            false=ONE if False in truths else ZERO,
        )

    def _same_text(self, values: Sequence[Value]) -> Sql:
        text, params = self.text
        plain = [value.text for value in values if value.text.isascii()]
        tests = [self._like("is", value.text) for value in values if not value.text.isascii()]
        if plain:
            tests.append((f"{text} COLLATE NOCASE IN ({', '.join(['%s'] * len(plain))})", [*params, *plain]))
        return either(tests)

    def _like(self, how: str, value: str) -> Sql:
        """LIKE knows upper and lower case of ASCII only; Python's own expressions know all."""
        text, params = self.text
        if value.isascii():
            escaped = re.sub(r"([\\%_])", r"\\\1", value)
            pattern = {
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
        return self.case(text=self._like(how, value))

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        """Within both limits; None: no limit on that side. ``strict``: the limits themselves do not belong."""
        text, params = self.text
        number = _between(text, params, low, high, strict)
        written = _between(self._written(), params, low, high, strict)
        return self.case(integer=number, real=number, text=self._if_number(written))

    def _written(self) -> str:
        return f"CAST(replace(trim({self.text[0]}, ' '), ',', '.') AS real)"

    def _if_number(self, answer: Sql) -> Sql:
        text, params = self.text
        sql = f"CASE WHEN {text} GLOB '[-+ 0-9]*' AND {text} REGEXP %s THEN {answer[0]} ELSE 0 END"
        return sql, [*params, *params, NUMBER, *answer[1]]

    def number(self) -> Sql:
        """The value as a number, or NULL."""
        (kind, params), (text, more) = self.kind, self.text
        return (
            f"(CASE WHEN {kind} IN ('integer', 'real') THEN CASE WHEN abs({text}) <= %s THEN {text} END "
            f"WHEN {kind} = 'text' THEN CASE WHEN {text} REGEXP %s THEN {self._written()} END END)"
        ), [*params, *more, LARGEST, *more, *params, *more, NUMBER, *more]

    def truth(self, wanted: bool) -> Sql:
        text, params = self.text
        word = "true" if wanted else "false"
        return self.case(**{word: ONE, "text": (f"lower(trim({text}, ' ')) = %s", [*params, word])})

    def holds(self, value: Value) -> Sql:
        """Whether it is a list with this item, or the item alone."""
        return self.each(lambda one: one.same([value]))

    def day(self, first: Sql, day: Sql, moment: Sql) -> Sql:
        text, params = self.text
        sql = (
            f"CASE WHEN NOT ({first[0]} AND {text} GLOB '[0-9][0-9][0-9][0-9]-*') THEN 0 "
            f"WHEN {text} REGEXP %s THEN {day[0]} WHEN {text} REGEXP %s THEN {moment[0]} ELSE 0 END"
        )
        given = [*first[1], *params, *params, DAY, *day[1], *params, MOMENT, *moment[1]]
        return self.case(text=(sql, given))

    def day_text(self, start: int, length: int) -> Sql:
        text, params = self.text
        return f"substr({text}, {start}, {length})", params

    def moment(self) -> Sql:
        text, params = self.text
        return f"julianday({text})", params

    def instant(self, at: datetime.datetime) -> Sql:
        return "julianday(%s)", [at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S").zfill(19)]


class SqliteText(Sqlite):
    """A column of text instead of a value in JSON."""

    def __init__(self, column: Sql) -> None:
        super().__init__(ZERO, column, ZERO)

    def known(self) -> Sql:
        text, params = self.text
        return _never_null((f"{text} <> ''", params))

    def same(self, values: Sequence[Value]) -> Sql:
        return _never_null(self._same_text(values))

    def text_is(self, how: str, value: str) -> Sql:
        return _never_null(self._like(how, value))

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        return ZERO


class SqliteNumber(Sqlite):
    """A column of numbers that is never empty."""

    def __init__(self, column: Sql) -> None:
        super().__init__(ZERO, column, ZERO)

    def known(self) -> Sql:
        return ONE

    def same(self, values: Sequence[Value]) -> Sql:
        column, params = self.text
        numbers = [_double(value.number) for value in values if value.number is not None]
        return f"{column} IN ({', '.join(['%s'] * len(numbers))})", [*params, *numbers]

    def text_is(self, how: str, value: str) -> Sql:
        return ZERO

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        column, params = self.text
        return _between(column, params, low, high, strict, largest=False)


def _path(sql: str, params: list, name: str) -> Sql:
    """SQLite compares names as they are spelled in the JSON, and Python may have spelled out what is not ASCII."""
    plain, escaped = (f"$.{json.dumps(name, ensure_ascii=ascii_)}" for ascii_ in (False, True))
    if plain == escaped:
        return "%s", [plain]
    return f"CASE WHEN json_type({sql}, %s) IS NULL THEN %s ELSE %s END", [*params, plain, escaped, plain]


def _between(
    number: str,
    params: list,
    low: decimal.Decimal | None,
    high: decimal.Decimal | None,
    strict: bool,
    largest: bool = True,
) -> Sql:
    """``largest``: leave out what is too large to compare."""
    tests: list[Sql] = []
    for bound, sign in ((low, ">"), (high, "<")):
        if bound is not None:
            tests.append((f"{number} {sign}{'' if strict else '='} %s", [*params, _double(bound)]))
    if largest:
        tests.append((f"abs({number}) <= %s", [*params, LARGEST]))
    return every(tests)


def _double(number: decimal.Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _never_null(answer: Sql) -> Sql:
    return f"COALESCE({answer[0]}, 0)", answer[1]
