"""The plain reading of the conditions about the contact itself; ``naive`` puts them into its table."""

from __future__ import annotations

import datetime
import hashlib
import zoneinfo
from typing import Any

from hypothesis import strategies as st

from .naive import INNER, Naive, Person
from .naive_events import PERIODS, inside, merged, one

MISSING = "nothing"  # an attribute that is not there

# --- a field or an attribute -----------------------------------------------------------------------------------------------

#: What attributes have been seen to hold, nonsense included.
VALUES: list[Any] = [
    MISSING, None, "", " ", "pro", "Pro", "PROfessional", "free", "Élan", "ÉLAN", "élan vital", "100%", "a_b", "a,b", "3", "3.0",
    "true", "x\\y", "it's", 'say "hi"', "back\\slash", 3, 3.0, 3.5, -2, 0, 0.1, 10**15, 10**20, -(10**30), 1e300, 2**63, True,
    False, [], ["pro"], ["PRO", "free"], ["Élan", 3], [3, 3.5, True], ["pro", None, ["free"]], [["pro"]], {}, {"pro": 1},
    {"a": {"b": ["c"]}}, "2026-03-02", "tab\there", "3,50", " 3 ", "+3", "003", "1e3", "3.", "3\n", "٣", "9" * 15, "9" * 16, "TRUE",
    " false ", "yes", ["3.0", "x"], [" true "], "[3]", "{}",
]  # fmt: skip
ASKED = [
    "pro", "PRO", "élan", "ÉLAN", "É", "n", "3", "3.0", "3,5", "3.5", "0.1", "true", "FALSE", "100%", "%", "_", "a", "it's", '"',
    "\\", "pro, free", "3, élan", "[3]", '["pro"]', "{}", "+3", "9" * 15, "1e400", "99999999999999999999", "-2", "0", "ß", "\x00", "x" * 300,
]  # fmt: skip
TEXTS = ["is", "is_not", "one_of", "none_of", "contains", "not_contains", "starts_with", "ends_with", "exists", "missing"]  # fmt: skip
NUMBERS = ["more_than", "at_least", "less_than", "at_most", "between"]
OTHERS = ["yes", "no", "has_any", "has_all", "has_none"]
NAMES = ["", "Kim", "kim", "Max", "Ève", "èVE", "O'Neil", "50%"]

OPPOSITE = {
    "is_not": "is",
    "none_of": "one_of",
    "missing": "exists",
    "not_contains": "contains",
    "has_none": "has_any",
}


def _field(name: str, operators: list[str], values: list[str], attribute: str = "") -> st.SearchStrategy:
    return st.fixed_dictionaries(
        {
            "field": st.just(name),
            "attribute": st.just(attribute),
            "operator": st.sampled_from(operators),
            "value": st.sampled_from(values),
            "to": st.sampled_from(["", "3", "10", "1e3"]),
        }
    )


def number_of(value: Any) -> float | None:
    """A number, or text that is one in the usual digits, with a point or a comma."""
    if isinstance(value, str):
        whole, _point, fraction = value.strip(" ").replace(",", ".").partition(".")
        digits = [whole.removeprefix("-") if whole[:1] == "-" else whole.removeprefix("+")]
        digits += [fraction] if _point else []
        if not all(part.isascii() and part.isdigit() and len(part) <= 15 for part in digits):
            return None
        return float(value.strip(" ").replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 10**18:
        return None
    return value


def truth_of(value: Any) -> bool | None:
    text = str(value).strip(" ").lower() if isinstance(value, str | bool) else ""
    return {"true": True, "false": False}.get(text)


def same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return value is truth_of(text)
    if isinstance(value, str) and value.lower() == text.lower():
        return True
    return number_of(value) is not None and number_of(value) == number_of(text)


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def compare(operator: str, value: Any, text: str, to: str) -> bool:
    """Whether a value passes; ``value`` is None where there is none."""
    if operator in OPPOSITE:
        return not compare(OPPOSITE[operator], value, text, to)
    if operator == "exists":
        return value is not None and value != ""
    if operator in ("yes", "no"):
        return truth_of(value) is (operator == "yes")
    if "\x00" in text:
        return False
    if operator == "is":
        return same(value, text)
    if operator == "one_of":
        return any(same(value, part) for part in parts(text))
    if operator in NUMBERS:
        low, high, value = number_of(text), number_of(to), number_of(value)
        if low is None or value is None:
            return False
        return {
            "more_than": value > low, "at_least": value >= low, "less_than": value < low, "at_most": value <= low,
            "between": high is not None and low <= value <= high,
        }[operator]  # fmt: skip
    if operator in ("has_any", "has_all"):
        items = value if isinstance(value, list) else [value]
        found = [any(same(item, part) for item in items) for part in parts(text)]
        return bool(found) and (all(found) if operator == "has_all" else any(found))
    if not isinstance(value, str):
        return False
    value, text = value.lower(), text.lower()
    return {
        "contains": text in value,
        "starts_with": value.startswith(text),
        "ends_with": value.endswith(text),
    }[operator]


def _attribute(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    if params["field"] == "attribute":
        value = person.attributes.get(params["attribute"])
    else:
        value = person.fields[params["field"]]
    operator, text, to = params["operator"], params["value"], params.get("to") or ""
    if params["field"] == "locale" and value and operator in ("is", "is_not", "one_of", "none_of"):
        spoken = {value, *(value[:n] for n, letter in enumerate(value) if letter == "-")}
        positive = OPPOSITE.get(operator, operator)
        return any(compare(positive, one, text, to) for one in spoken) == (positive == operator)
    return compare(operator, value, text, to)


# --- a date among the attributes -------------------------------------------------------------------------------------------

DAY = datetime.timedelta(days=1)
SITE = zoneinfo.ZoneInfo("Europe/Amsterdam")
FIRST = datetime.date(2026, 3, 2)
DATES: list[Any] = [
    MISSING, None, "", 20260302, True, ["2026-03-02"], {"on": "2026-03-02"}, "2026-03-02", "2026-03-03", "2026-03-05", "2026-02-25",
    "1984-03-04", "1984-02-29", "2000-02-29", "1900-02-29", "2026-02-29", "2026-02-31", "2026-13-01", "2026-3-2", "02-03-2026",
    "0000-01-01", "0001-01-01", "9999-12-31", "99999-01-01", " 2026-03-02", "2026-03-02\n", "2026-03-02T08:15:00", "2026-03-02 08:15",
    "2026-03-02T23:59:59.999", "2026-03-02T24:00:00", "2026-03-02T23:30:00Z", "2026-03-02T23:30:00-05:00", "2026-03-03T00:30:00+01:00",
    "2026-03-02T23:30:00+0100", "2026-03-02T23:30:00+15:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", "٢٠٢٦-٠٣-٠٢",
    "2026-03-02T08:15:00Zulu", "2025-03-05", "2024-12-31", "2025-01-01",
]  # fmt: skip
COUNTED = ["last_days", "next_days", "days_ago", "days_ahead", "more_days_ago", "less_days_ago", "more_days_ahead", "less_days_ahead"]  # fmt: skip
YEARLY = ["anniversary_today", "anniversary_next", "anniversary_ahead", "anniversary_ago"]


def read_date(value: Any) -> tuple[datetime.date, datetime.date] | None:
    """The day where the site is, and the day as it is written."""
    if not isinstance(value, str) or not value.isascii() or len(value) < 10 or value[4] != "-":
        return None
    try:
        if len(value) == 10:
            return (datetime.date.fromisoformat(value),) * 2
        if value[10] not in "T " or value[-5] in "+-" or value.endswith("\n"):
            return None
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return (moment.date(),) * 2
    if abs(moment.utcoffset() or 0 * DAY) > datetime.timedelta(hours=14) or moment.year == 9999:
        return None
    try:
        return moment.astimezone(SITE).date(), moment.date()
    except OverflowError:
        return moment.date(), moment.date()


def _date(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    operator, n, today = params["operator"], params.get("days") or 0, now.astimezone(SITE).date()
    found = read_date(person.attributes.get(params["attribute"]))
    if operator in ("exists", "missing"):
        return (found is not None) == (operator == "exists")
    if found is None:
        return False
    day, written = found
    if operator in YEARLY:
        targets = {
            "anniversary_today": [today], "anniversary_next": [today + ahead * DAY for ahead in range(n + 1)],
            "anniversary_ahead": [today + n * DAY], "anniversary_ago": [today - n * DAY],
        }[operator]  # fmt: skip
        return written < min(targets) and any(kept(written, target.year) == target for target in targets)
    first, last = (datetime.date.fromisoformat(params[name] or "2026-03-01") for name in ("date", "until"))
    far = (day - today).days
    return {
        "on": day == first, "before": day < first, "after": day > first, "between": first <= day <= last, "today": far == 0,
        "last_days": -n <= far <= 0, "next_days": 0 <= far <= n, "days_ago": far == -n, "days_ahead": far == n,
        "more_days_ago": far < -n, "less_days_ago": -n < far <= 0, "more_days_ahead": far > n, "less_days_ahead": 0 <= far < n,
    }[operator]  # fmt: skip


def kept(day: datetime.date, year: int) -> datetime.date:
    """When a day is kept in a year."""
    try:
        return day.replace(year=year)
    except ValueError:
        return datetime.date(year, 2, 28)


_days = st.integers(-6, 6).map(lambda days: (FIRST + days * DAY).isoformat())


# --- the other columns -----------------------------------------------------------------------------------------------------


def _chosen(params: dict[str, Any], value: str, chosen: bool) -> bool:
    return {"is": chosen, "is_not": not chosen, "exists": bool(value), "missing": not value}[
        params["operator"]
    ]


def _language(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    spoken, wanted = person.fields["locale"].lower(), params["language"].lower()
    return _chosen(params, spoken, spoken == wanted or spoken.startswith(f"{wanted}-"))


def _time_zone(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    zone = person.fields["time_zone"]
    return _chosen(params, zone, zone == params["zone"])


def _country(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    country = person.fields["country"]
    return _chosen(
        params, country, country in ({"NL", "BE"} if params["country"] == "EU" else {params["country"]})
    )


def _score(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    value, number, to = (
        float(person.fields[params["what"]]),
        float(params["number"]),
        float(params["to"] or 0),
    )
    return {
        "at_least": value >= number, "at_most": value <= number, "more_than": value > number, "less_than": value < number,
        "is": value == number, "is_not": value != number, "between": number <= value <= to,
    }[params["operator"]]  # fmt: skip


def _seen(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    happened = [event.at for event in person.events]
    at = {
        "created_at": person.created_at, "first_seen": min(happened, default=None),
        "last_seen_at": max(happened, default=person.fields.get("last_seen_at")),
    }[params["what"]]  # fmt: skip
    return at is not None and inside(params, at.astimezone(SITE), now)


def _known(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    columns = {"name": ["first_name", "last_name"]}.get(params["thing"], [params["thing"]])
    return any(person.fields.get(column) for column in columns) == (params["mode"] == "has")


# --- lots, consent, blocked addresses, segments -------------------------------------------------------------------------------


def _sample(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    lot = hashlib.sha256(f"{person.contact.uuid.hex}:{params['salt']}".encode()).hexdigest()
    return int(lot[:8], 16) < float(params["percent"]) / 100 * 16**8


#: Which topics are opt-out; those that are in neither set do not exist.
OPT_IN: set[int] = set()
OPT_OUT: set[int] = set()


def _consent(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    topic, said = params["topic"], person.consents.get(params["topic"], "")
    if topic not in OPT_IN | OPT_OUT:
        return False
    may = said == "granted" or (topic in OPT_OUT and said != "refused")
    return {"may": may, "may_not": not may, "unasked": not said}.get(params["state"], said == params["state"])


def _suppressed(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    blocked = person.blocked == params["reason"] if params["reason"] else bool(person.blocked)
    return blocked == (params["mode"] == "suppressed")


def _in_segment(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    mode = params["mode"]
    if mode in ("in", "not_in"):
        return any(left is None for _entered, left in person.stays) == (mode == "in")
    if mode in ("ever", "never"):
        return bool(person.stays) == (mode == "ever")
    moments = [entered if mode == "entered" else left for entered, left in person.stays]
    return any(at is not None and inside(params, at.astimezone(SITE), now) for at in moments)


NAIVE: dict[str, Naive] = {
    "attribute": Naive(
        st.one_of(
            _field("attribute", [*TEXTS, *NUMBERS, *OTHERS], ASKED, "plan"),
            _field("first_name", TEXTS, [*NAMES[1:], "ÈVE", "E", "i", "%"]),
            _field("locale", ["is", "is_not", "one_of", "contains"], ["nl", "NL", "nl-be", "en, nl", "n"]),
            _field("points", ["is", "is_not", "one_of", *NUMBERS], ["0", "1", "2.5", "3", "0, 3", "1e30"]),
        ),
        _attribute,
        fields={
            "first_name": st.sampled_from(NAMES),
            "points": st.integers(0, 3),
            "locale": st.sampled_from(["", "nl", "nl-be", "en", "nld"]),
        },
        attributes={"plan": st.sampled_from(VALUES)},
    ),
    "date": Naive(
        one(
            attribute="renewal",
            operator=st.sampled_from(
                ["on", "before", "after", "between", "today", *COUNTED, *YEARLY, "exists", "missing"]
            ),
            date=_days,
            until=_days,
            days=st.integers(0, 6),
        ),
        _date,
        attributes={"renewal": st.sampled_from(DATES)},
    ),
    "language": Naive(
        one(
            operator=st.sampled_from(["is", "is_not", "exists", "missing"]),
            language=st.sampled_from(["nl", "nl-be", "en", "fr"]),
        ),
        _language,
        fields={"locale": st.sampled_from(["", "nl", "nl-be", "NL-BE", "en", "nld"])},
    ),
    "time_zone": Naive(
        one(
            operator=st.sampled_from(["is", "is_not", "exists", "missing"]),
            zone=st.sampled_from(["Europe/Amsterdam", "Asia/Tokyo"]),
        ),
        _time_zone,
        fields={"time_zone": st.sampled_from(["", "Europe/Amsterdam", "America/New_York"])},
    ),
    "country": Naive(
        one(
            operator=st.sampled_from(["is", "is_not", "exists", "missing"]),
            country=st.sampled_from(["NL", "US", "EU"]),
        ),
        _country,
        fields={"country": st.sampled_from(["", "NL", "BE", "US"])},
    ),
    "score": Naive(
        one(
            what=st.sampled_from(["points", "lifetime_value", "orders"]),
            operator=st.sampled_from(
                ["at_least", "at_most", "more_than", "less_than", "is", "is_not", "between"]
            ),
            number=st.sampled_from(["0", "1", "2.50", "-1", "3"]),
            to=st.sampled_from(["2", "3.00"]),
        ),
        _score,
        fields={
            "points": st.integers(0, 3),
            "orders": st.integers(0, 3),
            "lifetime_value": st.sampled_from(["0.00", "1.00", "2.50", "3.00"]),
        },
    ),
    "seen": Naive(
        merged(
            one(what=st.sampled_from(["created_at", "first_seen", "last_seen_at"])),
            PERIODS.filter(lambda params: params["period"] != "ever"),
        ),
        _seen,
        events=one(name="page_view"),
    ),
    "known": Naive(
        one(
            mode=st.sampled_from(["has", "has_not"]),
            thing=st.sampled_from(["name", "locale", "time_zone", "country", "orders"]),
        ),
        _known,
        fields={
            "first_name": st.sampled_from(["", "Kim"]),
            "last_name": st.sampled_from(["", "Max"]),
            "locale": st.sampled_from(["", "nl"]),
            "time_zone": st.sampled_from(["", "Asia/Tokyo"]),
            "country": st.sampled_from(["", "NL"]),
            "orders": st.integers(0, 1),
        },
    ),
    "sample": Naive(
        one(percent=st.sampled_from([0, "12.5", 50, 99.9, 100]), salt=st.sampled_from(["", "summer", "été"])),
        _sample,
    ),
    "consent": Naive(
        one(state=st.sampled_from(["may", "may_not", "granted", "refused", "unasked"]), topic=0), _consent
    ),
    "suppressed": Naive(
        one(
            mode=st.sampled_from(["suppressed", "not_suppressed"]),
            reason=st.sampled_from(["", "hard_bounce", "manual"]),
        ),
        _suppressed,
    ),
    "in_segment": Naive(
        merged(
            one(mode=st.sampled_from(["in", "not_in", "ever", "never", "entered", "left"]), segment=INNER),
            PERIODS,
        ),
        _in_segment,
    ),
}
