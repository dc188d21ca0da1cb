"""What an editor may ask of a property of an event: one meaning, as SQL for the log and in Python for an event in hand.

A property has one value, or those of a list; a filter holds where it holds for one of them. What is missing, null or an
object has no value. Text is compared without regard to case; a number may be written as text ("12.50").
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Expression, F, FloatField, Func
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

OPERATORS: dict[str, Any] = {
    "is": _("is"),
    "is_not": _("is not"),
    "one_of": _("is one of"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "at_least": _("is at least"),
    "more_than": _("is more than"),
    "at_most": _("is at most"),
    "less_than": _("is less than"),
    "yes": _("is yes"),
    "no": _("is no"),
    "before": _("is a date before"),
    "after": _("is a date after"),
    "last_days": _("is a date in the last … days"),
    "next_days": _("is a date in the next … days"),
    "exists": _("is there"),
    "missing": _("is not there"),
}
NUMERIC = {"at_least": ">=", "more_than": ">", "at_most": "<=", "less_than": "<"}
DATES = {"before", "after"}
RELATIVE = {"last_days", "next_days"}
WITHOUT_VALUE = {"yes", "no", "exists", "missing"}

#: A number written as text: no exponent, and not so long that a database could stumble over it.
NUMBER = r"^[+-]?[0-9]{1,15}([.,][0-9]{1,15})?\Z"
#: How a date, or a date and a time, begins.
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
MAX_DAYS = 36_500


@dataclass(frozen=True)
class Filter:
    """One question about one property; ``value`` as the editor typed it."""

    name: str
    operator: str
    value: str = ""

    @property
    def clock(self) -> bool:
        """Whether time alone can change the answer."""
        return self.operator in RELATIVE

    def holds(self, properties: Mapping[str, Any], now: datetime.datetime) -> bool:
        """The answer for these properties."""
        value = properties.get(self.name)
        if self.operator in ("exists", "missing"):
            return (value is not None) == (self.operator == "exists")
        found = any(self._holds_for(one, now) for one in _values(value))
        return not found if self.operator == "is_not" else found

    def q(self, now: datetime.datetime) -> Expression:
        """The same as a filter on Event."""
        return _Holds(self, now)

    def _holds_for(self, value: Any, now: datetime.datetime) -> bool:
        text = as_text(value)
        if self.operator in NUMERIC:
            number, limit = as_number(value), read_number(self.value)
            if number is None or limit is None:
                return False
            return {
                "at_least": number >= limit,
                "more_than": number > limit,
                "at_most": number <= limit,
                "less_than": number < limit,
            }[self.operator]
        if self.operator in ("yes", "no"):
            return text.lower() == ("true" if self.operator == "yes" else "false")
        if self.operator in DATES | RELATIVE:
            bounds = self.dates(now)
            day = text[:10] if re.match(DATE, text) else ""
            return bounds is not None and bool(day) and bounds[0] <= day <= bounds[1]
        pattern = self.pattern()
        if pattern is not None and re.search(pattern, text):
            return True
        return as_number(value) in self.numbers()

    def wanted(self) -> list[str]:
        """The texts to compare with."""
        if self.operator == "one_of":
            return [text for text in (part.strip() for part in self.value.split(",")) if text]
        return [self.value.strip()] if self.operator in ("is", "is_not") else [self.value]

    def pattern(self) -> str | None:
        """The texts as a regular expression of Python; None where nothing is asked for."""
        wanted = [re.escape(text) for text in self.wanted()]
        if not wanted or (not self.value and self.operator in ("contains", "starts_with")):
            return None
        start = "" if self.operator == "contains" else r"\A"
        end = "" if self.operator in ("contains", "starts_with") else r"\Z"
        return f"(?is){start}(?:{'|'.join(wanted)}){end}"

    def numbers(self) -> list[float]:
        """The same as numbers, where equality is asked for."""
        if self.operator not in ("is", "is_not", "one_of"):
            return []
        return [number for number in map(read_number, self.wanted()) if number is not None]

    def dates(self, now: datetime.datetime) -> tuple[str, str] | None:
        """The first and the last day, as text; None where the value cannot be read. Days are those of the site."""
        if self.operator in DATES:
            day = read_date(self.value)
            if day is None:
                return None
            one = datetime.timedelta(days=1)
            if self.operator == "before":
                return "0000-00-00", (day - one).isoformat() if day > datetime.date.min else "0000-00-00"
            return (day + one).isoformat() if day < datetime.date.max else "9999-99-99", "9999-99-99"
        number = read_number(self.value)
        if number is None or not 0 <= number <= MAX_DAYS:
            return None
        today = timezone.localdate(now, timezone.get_default_timezone())
        span = datetime.timedelta(days=int(number))
        first, last = (today - span, today) if self.operator == "last_days" else (today, today + span)
        return first.isoformat(), last.isoformat()

    def problem(self) -> str:
        """What is wrong with the value, for the editor; "" where nothing is."""
        if self.operator in WITHOUT_VALUE:
            return ""
        if not self.value.strip():
            return _t("Say what to compare with.")
        if self.operator in NUMERIC and read_number(self.value) is None:
            return _t("This comparison needs a number.")
        if self.operator in DATES and read_date(self.value) is None:
            return _t("This comparison needs a date, such as 2026-12-31.")
        if (
            self.operator in RELATIVE
            and self.dates(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)) is None
        ):
            return _t("This comparison needs a number of days.")
        return ""

    def describe(self) -> str:
        """ "total is at least 100" """
        words = {"name": self.name or "…", "value": self.value.strip() or "…"}
        if self.operator in RELATIVE:
            if self.operator == "last_days":
                return _t("%(name)s is a date in the last %(value)s days") % words
            return _t("%(name)s is a date in the next %(value)s days") % words
        if self.operator in WITHOUT_VALUE:
            return _t("%(name)s %(operator)s") % {**words, "operator": OPERATORS[self.operator]}
        if self.operator in DATES or (self.operator in NUMERIC and read_number(self.value) is not None):
            return _t("%(name)s %(operator)s %(value)s") % {**words, "operator": OPERATORS[self.operator]}
        return _t("%(name)s %(operator)s “%(value)s”") % {**words, "operator": OPERATORS[self.operator]}


def read(stored: Sequence[Mapping[str, Any]] | None) -> list[Filter]:
    """The filters of a list block, as it is stored. Raises KeyError for an operator that there is not."""
    found = []
    for item in stored or []:
        value = item["value"] if "value" in item and isinstance(item["value"], Mapping) else item
        OPERATORS[value["operator"]]
        found.append(Filter(value["property"], value["operator"], value.get("value") or ""))
    return found


def as_text(value: Any) -> str:
    """A value as both databases write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def read_number(text: str) -> float | None:
    text = text.strip(" ")
    return float(text.replace(",", ".")) if re.match(NUMBER, text) else None


def as_number(value: Any) -> float | None:
    """A value as a number: one itself, or text that is one."""
    if isinstance(value, str):
        return read_number(value)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def read_date(text: str) -> datetime.date | None:
    try:
        return parse_date(text.strip())
    except ValueError:
        return None


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (one for one in value if one is not None and not isinstance(one, (list, dict)))
    elif value is not None and not isinstance(value, dict):
        yield value


# --- In SQL ---------------------------------------------------------------------------------------------------------------


def _pg_text(value: str) -> str:
    return f"({value} #>> '{{}}')"


def _pg_number(value: str) -> str:
    text = f"btrim{_pg_text(value)}"
    return (
        f"(CASE jsonb_typeof({value}) WHEN 'number' THEN {_pg_text(value)}::numeric "
        f"WHEN 'string' THEN CASE WHEN {text} ~ '{NUMBER}' THEN replace({text}, ',', '.')::numeric END END)"
    )


def _lite_text(value: str, kind: str) -> str:
    return f"(CASE {kind} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST({value} AS text) END)"


def _lite_number(value: str, kind: str) -> str:
    return (
        f"(CASE WHEN {kind} IN ('integer', 'real') THEN {value} WHEN {kind} = 'text' THEN "
        f"CASE WHEN trim({value}) REGEXP '{NUMBER}' THEN CAST(replace(trim({value}), ',', '.') AS real) END END)"
    )


class _Sql:
    """SQL in the making: what the vendor calls things, and the parameters in their order."""

    def __init__(self, filter: Filter, now: datetime.datetime, vendor: str) -> None:
        self.filter, self.now, self.pg = filter, now, vendor == "postgresql"

    def single(self, value: str, kind: str = "") -> tuple[str, list[Any]]:
        """The question about one value, an expression in SQL; SQLite is given its type as another."""
        asked = self.filter
        if self.pg:
            text, number = _pg_text(value), _pg_number(value)
        else:
            text, number = _lite_text(value, kind), _lite_number(value, kind)
        if asked.operator in NUMERIC:
            limit = read_number(asked.value)
            cast = "%s::numeric" if self.pg else "%s"
            return f"{number} {NUMERIC[asked.operator]} {cast}", [limit]
        if asked.operator in ("yes", "no"):
            return f"lower({text}) = %s", ["true" if asked.operator == "yes" else "false"]
        if asked.operator in DATES | RELATIVE:
            bounds = asked.dates(self.now) or ("1", "0")
            match = f"{text} ~ '{DATE}'" if self.pg else f"{text} REGEXP '{DATE}'"
            order = ' COLLATE "C"' if self.pg else ""
            return f"({match} AND substr({text}, 1, 10){order} BETWEEN %s AND %s)", list(bounds)
        found, params = self._text(text)
        numbers = asked.numbers()
        if numbers:
            casts = ", ".join("%s::numeric" if self.pg else "%s" for _number in numbers)
            found = f"({found} OR {number} IN ({casts}))"
            params += numbers
        return found, params

    def _text(self, text: str) -> tuple[str, list[Any]]:
        asked = self.filter
        if not self.pg:
            pattern = asked.pattern()
            return (f"{text} REGEXP %s", [pattern]) if pattern is not None else ("0", [])
        if asked.operator in ("contains", "starts_with"):
            if not asked.value:
                return "false", []
            escaped = re.sub(r"([\\%_])", r"\\\1", asked.value)
            return f"lower({text}) LIKE lower(%s)", [
                f"%{escaped}%" if asked.operator == "contains" else f"{escaped}%"
            ]
        wanted = asked.wanted()
        if not wanted:
            return "false", []
        return f"lower({text}) IN ({', '.join('lower(%s)' for _text in wanted)})", list(wanted)


class _Holds(Func):
    """``Filter.holds`` for the database."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, filter: Filter, now: datetime.datetime) -> None:
        super().__init__(F("properties"))
        self.filter, self.now = filter, now

    @property
    def identity(self) -> Any:
        return (type(self), self.filter, self.now, *self.source_expressions)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        asked = self.filter
        if asked.operator in NUMERIC and read_number(asked.value) is None:
            return ("false", []) if connection.vendor == "postgresql" else ("0", [])
        sql = self._on_postgresql if connection.vendor == "postgresql" else self._on_sqlite
        return sql(column, list(params))

    def _on_postgresql(self, column: str, params: list[Any]) -> tuple[str, list[Any]]:
        asked = self.filter
        if asked.operator in ("exists", "missing"):
            there = f"COALESCE(jsonb_typeof({column} -> %s), 'null') <> 'null'"
            held = [*params, asked.name]
            return (there, held) if asked.operator == "exists" else (f"NOT ({there})", held)
        maker = _Sql(asked, self.now, "postgresql")
        (whole, given), (item, same) = maker.single("wj.v"), maker.single("it.v")
        sql = (
            "COALESCE((SELECT CASE jsonb_typeof(wj.v) WHEN 'null' THEN false WHEN 'object' THEN false WHEN 'array' "  # noqa: S608
            "THEN EXISTS (SELECT 1 FROM jsonb_array_elements(wj.v) AS it(v) "
            f"WHERE jsonb_typeof(it.v) NOT IN ('null', 'array', 'object') AND {item}) ELSE {whole} END "
            f"FROM (SELECT {column} -> %s AS v) AS wj), false)"
        )
        held = [*same, *given, *params, asked.name]
        return (f"NOT {sql}", held) if asked.operator == "is_not" else (sql, held)

    def _on_sqlite(self, column: str, params: list[Any]) -> tuple[str, list[Any]]:
        asked = self.filter
        if asked.operator in ("exists", "missing"):
            source = f"json_each({column}) AS wj WHERE wj.key = %s AND wj.type <> 'null'"
            there = f"EXISTS (SELECT 1 FROM {source})"  # noqa: S608
            held = [*params, asked.name]
            return (there, held) if asked.operator == "exists" else (f"NOT {there}", held)
        maker = _Sql(asked, self.now, "sqlite")
        (whole, given), (item, same) = (
            maker.single("wj.value", "wj.type"),
            maker.single("it.value", "it.type"),
        )
        sql = (
            "COALESCE((SELECT CASE wj.type WHEN 'null' THEN 0 WHEN 'object' THEN 0 WHEN 'array' "  # noqa: S608
            "THEN EXISTS (SELECT 1 FROM json_each(wj.value) AS it "
            f"WHERE it.type NOT IN ('null', 'array', 'object') AND {item}) ELSE {whole} END "
            f"FROM json_each({column}) AS wj WHERE wj.key = %s), 0)"
        )
        held = [*same, *given, *params, asked.name]
        return (f"NOT {sql}", held) if asked.operator == "is_not" else (sql, held)


class Number(Func):
    """A property of an event as a number (a float, also of text that is one); NULL where it is none."""

    output_field = FloatField()

    def __init__(self, name: str) -> None:
        super().__init__(F("properties"))
        self.name = name

    @property
    def identity(self) -> Any:
        return (type(self), self.name, *self.source_expressions)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            number = f"{_pg_number('wj.v')}::double precision"
            source = f"(SELECT {column} -> %s AS v) AS wj"
        else:
            number = _lite_number("wj.value", "wj.type")
            source = f"json_each({column}) AS wj WHERE wj.key = %s"
        return f"(SELECT {number} FROM {source})", [*params, self.name]  # noqa: S608  columns and constants only
