"""The plain reading of the conditions about the contact itself; ``naive`` puts them into its table."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st

from .naive import Naive, Person

MISSING = "nothing"  # an attribute that is not there

# --- a field or an attribute -----------------------------------------------------------------------------------------------

#: What attributes have been seen to hold, nonsense included.
VALUES: list[Any] = [
    MISSING, None, "", " ", "pro", "Pro", "PROfessional", "free", "Élan", "ÉLAN", "élan vital", "100%", "a_b", "a,b", "3", "3.0",
    "true", "x\\y", "it's", 'say "hi"', "back\\slash", 3, 3.0, 3.5, -2, 0, 0.1, 10**15, 10**20, -(10**30), 1e300, 2**63, True,
    False, [], ["pro"], ["PRO", "free"], ["Élan", 3], [3, 3.5, True], ["pro", None, ["free"]], [["pro"]], {}, {"pro": 1},
    {"a": {"b": ["c"]}}, "2026-03-02", "tab\there",
]  # fmt: skip
ASKED = [
    "pro", "PRO", "élan", "ÉLAN", "É", "n", "3", "3.0", "3,5", "3.5", "0.1", "true", "FALSE", "100%", "%", "_", "a", "it's", '"',
    "\\", "pro, free", "3, élan", "1e400", "99999999999999999999", "-2", "0", "ß", "\x00", "x" * 300,
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


def number_of(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) <= 1e18 else None


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == text.strip().lower()
    if is_number(value):
        return number_of(text) is not None and value == number_of(text)
    return isinstance(value, str) and value.lower() == text.lower()


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def compare(operator: str, value: Any, text: str, to: str) -> bool:
    """Whether a value passes; ``value`` is None where there is none."""
    if operator in OPPOSITE:
        return not compare(OPPOSITE[operator], value, text, to)
    if operator == "exists":
        return value is not None and value != ""
    if operator == "yes":
        return value is True
    if operator == "no":
        return value is False
    if "\x00" in text:
        return False
    if operator == "is":
        return same(value, text)
    if operator == "one_of":
        return any(same(value, part) for part in parts(text))
    if operator in NUMBERS:
        low, high = number_of(text), number_of(to)
        if low is None or not is_number(value) or abs(value) > 10**18:
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
}
