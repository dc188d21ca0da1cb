"""PostgreSQL's words. What is cheap is asked first: a pattern or a number is read only where it can be one."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Sequence

from .plain import DAY, LARGEST, MOMENT, NUMBER, Value
from .sql import Question, Reader, Sql, either, every

YES: Sql = ("true", [])


class Postgres(Reader):
    def __init__(self, document: Sql, text: Sql) -> None:
        self.document, self.text = document, text

    @classmethod
    def member(cls, document: Sql, name: str) -> Postgres:
        """The value of this name in an object."""
        sql, params = document
        return cls((f"({sql} -> %s::text)", [*params, name]), (f"({sql} ->> %s::text)", [*params, name]))

    def case(self, **arms: Sql) -> Sql:
        """The answer by the kind of the value: string, number, boolean, array; no for all others."""
        sql, params = self.document
        parts, params = [f"CASE jsonb_typeof({sql})"], list(params)
        for name, (answer, more) in arms.items():
            parts.append(f"WHEN '{name}' THEN {answer}")
            params += more
        return f"COALESCE({' '.join(parts)} ELSE false END, false)", params

    def each(self, question: Question) -> Sql:
        """Whether it is true of the value, or of one of the items of a list."""
        alone, given = question(self)
        item, more = question(Postgres(("wj_item.v", []), ("(wj_item.v #>> '{}')", [])))
        sql, params = self.document
        return (
            f"(CASE WHEN jsonb_typeof({sql}) = 'array' THEN EXISTS (SELECT 1 FROM jsonb_array_elements({sql}) "  # noqa: S608
            f"AS wj_item(v) WHERE {item}) ELSE {alone} END)"
        ), [*params, *params, *more, *given]

    def known(self) -> Sql:
        text, params = self.text
        return self.case(string=(f"{text} <> ''", params), number=YES, boolean=YES, array=YES, object=YES)

    def same(self, values: Sequence[Value]) -> Sql:
        if all(value.is_plain for value in values):
            return _never_null(self._same_text(values))
        text, params = self.text
        numbers = [value.number for value in values if value.number is not None]
        truths = ["true" if value.truth else "false" for value in values if value.truth is not None]
        among: Sql = ("= ANY (%s::numeric[])", [numbers])
        texts = self._same_text(values)
        return self.case(
            string=either([texts, self._written(among)]) if numbers else texts,
            number=(f"{text}::numeric {among[0]}", [*params, *among[1]]),
            boolean=(f"{text} = ANY (%s::text[])", [*params, truths]),
        )

    def _same_text(self, values: Sequence[Value]) -> Sql:
        text, params = self.text
        texts = [value.text for value in values]
        marks = ", ".join(["%s"] * len(texts))
        if not all(one.isascii() for one in texts):
            lower = ", ".join(["lower(%s::text)"] * len(texts))
            return f"lower({text}) IN ({lower})", [*params, *texts]
        # The length first: it is much cheaper than another case, and most texts are of another length.
        lengths = sorted({len(one) for one in texts})
        long = f"octet_length({text}) IN ({', '.join(['%s'] * len(lengths))})", [*params, *lengths]
        found = f'lower({text} COLLATE "C") IN ({marks})', [*params, *(one.lower() for one in texts)]
        return every([long, found])

    def text_is(self, how: str, value: str) -> Sql:
        text, params = self.text
        lower = "lower({})" if not value.isascii() else 'lower({} COLLATE "C")'
        text, wanted = lower.format(text), "lower(%s::text)"
        sql = {
            "contains": f"strpos({text}, {wanted}) > 0",
            "starts_with": f"starts_with({text}, {wanted})",
            "ends_with": f"right({text}, length({wanted})) = {wanted}",
        }[how]
        found: Sql = (sql, [*params, *[value] * (2 if how == "ends_with" else 1)])
        return _never_null(every([found, *self._is_text()]))

    def _is_text(self) -> list[Sql]:
        sql, params = self.document
        return [(f"jsonb_typeof({sql}) = 'string'", params)]

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        """Within both limits; None: no limit on that side. ``strict``: the limits themselves do not belong."""
        text, params = self.text
        number, more = _between(f"{text}::numeric", params, low, high, strict)
        written = _between(f"{_written_number(text)}::numeric", params, low, high, strict)
        sql, given = self.case(number=(number, more), string=self._if_number(written))
        # Numbers, signs and blanks come before the colon, and words behind it.
        return f"""({text} COLLATE "C" < ':' AND {sql}) IS TRUE""", [*params, *given]

    def _written(self, test: Sql) -> Sql:
        text, params = self.text
        return self._if_number((f"{_written_number(text)}::numeric {test[0]}", [*params, *test[1]]))

    def _if_number(self, answer: Sql) -> Sql:
        text, params = self.text
        sql = f"""CASE WHEN {text} COLLATE "C" < ':' AND {text} ~ %s THEN {answer[0]} ELSE false END"""
        return sql, [*params, *params, NUMBER, *answer[1]]

    def number(self) -> Sql:
        """The value as a number, or NULL."""
        (document, params), (text, more) = self.document, self.text
        return (
            f"(CASE jsonb_typeof({document}) "
            f"WHEN 'number' THEN CASE WHEN abs({text}::numeric) <= %s THEN {text}::double precision END "
            f"WHEN 'string' THEN CASE WHEN {text} ~ %s THEN {_written_number(text)}::double precision END END)"
        ), [*params, *more, LARGEST, *more, *more, NUMBER, *more]

    def truth(self, wanted: bool) -> Sql:
        text, params = self.text
        word = "true" if wanted else "false"
        written: Sql = (f"lower(btrim({text}, ' ')) = %s", [*params, word])
        return self.case(boolean=(f"{text} = %s", [*params, word]), string=written)

    def holds(self, value: Value) -> Sql:
        """Whether it is a list with this item, or the item alone."""
        if not value.is_plain:
            return self.each(lambda one: one.same([value]))
        # The whole list in lower case contains what is wanted: much faster than taking it apart.
        document, params = self.document
        wanted = json.dumps(value.text, ensure_ascii=False)
        found: Sql = (f"lower({document}::text)::jsonb @> lower(%s::text)::jsonb", [*params, wanted])
        return self.case(array=found, string=self._same_text([value]))

    def day(self, first: Sql, day: Sql, moment: Sql) -> Sql:
        text, params = self.text
        sql = (
            f"CASE WHEN NOT ({first[0]}) THEN false "
            f"WHEN {text} ~ %s THEN {day[0]} WHEN {text} ~ %s THEN {moment[0]} ELSE false END"
        )
        return self.case(string=(sql, [*first[1], *params, DAY, *day[1], *params, MOMENT, *moment[1]]))

    def day_text(self, start: int, length: int) -> Sql:
        text, params = self.text
        return f'(substr({text}, {start}, {length}) COLLATE "C")', params

    def moment(self) -> Sql:
        text, params = self.text
        return f"{text}::timestamptz", params

    def instant(self, at: datetime.datetime) -> Sql:
        return "%s::timestamptz", [at]


class PostgresText(Postgres):
    """A column of text instead of a value in JSON."""

    def __init__(self, column: Sql) -> None:
        super().__init__(column, column)

    def known(self) -> Sql:
        text, params = self.text
        return _never_null((f"{text} <> ''", params))

    def same(self, values: Sequence[Value]) -> Sql:
        return _never_null(self._same_text(values))

    def _is_text(self) -> list[Sql]:
        return []

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        return "false", []


class PostgresNumber(Postgres):
    """A column of numbers that is never empty: compared as it is, so that the database knows what to expect."""

    def __init__(self, column: Sql) -> None:
        super().__init__(column, column)

    def known(self) -> Sql:
        return YES

    def same(self, values: Sequence[Value]) -> Sql:
        column, params = self.text
        numbers = [value.number for value in values if value.number is not None]
        if not numbers:
            return "false", []
        return f"{column} IN ({', '.join(['%s'] * len(numbers))})", [*params, *map(_short, numbers)]

    def text_is(self, how: str, value: str) -> Sql:
        return "false", []

    def number_between(self, low: decimal.Decimal | None, high: decimal.Decimal | None, strict: bool) -> Sql:
        column, params = self.text
        return _between(column, params, low, high, strict, largest=False)


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
            tests.append((f"{number} {sign}{'' if strict else '='} %s", [*params, _short(bound)]))
    if largest:
        for missing, sign, limit in ((low, ">=", -LARGEST), (high, "<=", LARGEST)):
            if missing is None:
                tests.append((f"{number} {sign} %s", [*params, limit]))
    return every(tests)


def _short(number: decimal.Decimal) -> int | decimal.Decimal:
    """Whole numbers as such: a column of whole numbers need not be turned into something else."""
    return int(number) if number == number.to_integral_value() else number


def _written_number(text: str) -> str:
    return f"replace(btrim({text}, ' '), ',', '.')"


def _never_null(answer: Sql) -> Sql:
    return f"COALESCE({answer[0]}, false)", answer[1]
