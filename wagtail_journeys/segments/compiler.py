"""Rules become one queryset, one sentence and one list of what can change them."""

from __future__ import annotations

import datetime
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connections, router
from django.db.models import IntegerField, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules, SegmentCycle, UnknownKey

from .conditions import Mentions, negated, registry

Rule = dict[str, Any]
logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

NOBODY = Q(pk__in=[])
EVERYBODY = ~NOBODY

#: Questions asked in one statement; SQLite takes at most 500 in a compound select.
QUESTIONS_PER_STATEMENT = 100


def rules_q(match: str, rules: Sequence[Rule], now: datetime.datetime) -> Q:
    """The rules as a filter on Contact. No rules at all: everybody ("all", "none") or nobody ("any").

    Raises BadRules for rules that no condition understands.
    """
    parts = [_rule_q(rule, now) for rule in rules]
    if match == "any":
        return reduce(or_, parts) if parts else NOBODY
    if match == "none":
        parts = [negated(part) for part in parts]
    return reduce(and_, parts) if parts else EVERYBODY


def _rule_q(rule: Rule, now: datetime.datetime) -> Q:
    try:
        value = rule["value"]
        if rule["type"] == "group":
            return rules_q(value["match"], value["rules"], now)
        return registry[rule["type"]].q(value, now)
    except (OperationalError, InterfaceError):
        raise  # the database, not the rule
    except Exception as error:
        raise _unreadable(rule, error) from error


def _unreadable(rule: Rule, error: Exception) -> BadRules:
    problem = {"rule": rule.get("type", "?"), "problem": error}
    return BadRules(_t("The rule “%(rule)s” cannot be read: %(problem)s") % problem)


def contacts_matching(match: str, rules: Sequence[Rule], now: datetime.datetime) -> QuerySet[Contact]:
    return Contact.objects.filter(rules_q(match, rules, now))


def among(ids: Collection[int], field: str = "pk") -> Q:
    """A filter on a column of numbers that passes any number of ids as a single parameter."""
    if connections[router.db_for_write(Contact)].vendor == "postgresql":
        return Q((f"{field}__in", RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])))
    return Q((f"{field}__in", RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(ids))])))


@dataclass(frozen=True)
class Question:
    """Which of these contacts match these rules?"""

    match: str
    rules: Sequence[Rule]
    contacts: Collection[int]


def evaluate(
    questions: Mapping[K, Question], now: datetime.datetime, *, skip_broken: bool = False
) -> dict[K, set[int]]:
    """Answer many questions at once: for each key the contacts, out of those asked about, that match.

    A condition that stands in several questions is asked once, for all their contacts together; what the rules make of
    the answers (all, any, none) is then a matter of sets. One statement per hundred different conditions, however many
    contacts. Raises BadRules like rules_q; with ``skip_broken`` the questions that cannot be read have no answer, and
    the others do not suffer.
    """
    filters: dict[str, Q] = {}
    contacts: dict[str, set[int]] = defaultdict(set)
    readable = dict(questions)
    for key, question in questions.items():
        try:
            asked = {_key(leaf): leaf for leaf in leaves(question.rules)} if question.contacts else {}
            filters |= {name: _rule_q(leaf, now) for name, leaf in asked.items() if name not in filters}
        except BadRules:
            if not skip_broken:
                raise
            logger.exception("Rules that cannot be read are left out")
            del readable[key]
            continue
        for name in asked:
            contacts[name].update(question.contacts)
    answers = _ask({name: (filters[name], those) for name, those in contacts.items()})
    return {
        key: _combine(question.match, question.rules, set(question.contacts), answers)
        if question.contacts
        else set()
        for key, question in readable.items()
    }


def leaves(rules: Sequence[Rule]) -> Iterator[Rule]:
    """The conditions of the rules, without the groups around them."""
    for rule in rules:
        try:
            if rule["type"] == "group":
                yield from leaves(rule["value"]["rules"])
            else:
                yield rule
        except (KeyError, TypeError) as error:
            raise BadRules(f"A rule cannot be read: {error}") from error


def _key(leaf: Rule) -> str:
    return json.dumps([leaf["type"], leaf["value"]], sort_keys=True, default=str)


def _combine(
    match: str, rules: Sequence[Rule], contacts: set[int], answers: Mapping[str, set[int]]
) -> set[int]:
    """The same as rules_q, on sets of contacts."""
    parts = [
        _combine(rule["value"]["match"], rule["value"]["rules"], contacts, answers)
        if rule["type"] == "group"
        else answers[_key(rule)]
        for rule in rules
    ]
    if match == "any":
        return contacts & set().union(*parts)
    if match == "none":
        return contacts - set().union(*parts)
    return contacts.intersection(*parts)


def _ask(questions: Mapping[str, tuple[Q, Collection[int]]]) -> dict[str, set[int]]:
    """The contacts that pass each filter, out of those asked about. One statement per hundred filters."""
    answers: dict[str, set[int]] = {key: set() for key in questions}
    keys = list(questions)
    for start in range(0, len(keys), QUESTIONS_PER_STATEMENT):
        asked = keys[start : start + QUESTIONS_PER_STATEMENT]
        parts = [
            Contact.objects.order_by()
            .filter(among(questions[key][1]))
            .filter(questions[key][0])
            .values_list(Value(number, output_field=IntegerField()), "pk")
            for number, key in enumerate(asked)
        ]
        rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        for number, pk in rows:
            answers[asked[number]].add(pk)
    return answers


def mentions(rules: Iterable[Rule]) -> Mentions:
    """What can change the answer of these rules. Raises BadRules like rules_q."""
    found = Mentions()
    for rule in rules:
        try:
            if rule["type"] == "group":
                found |= mentions(rule["value"]["rules"])
            else:
                found |= registry[rule["type"]].mentions(rule["value"])
        except (KeyError, TypeError, ValueError, UnknownKey) as error:
            raise _unreadable(rule, error) from error
    return found


def describe(match: str, rules: Sequence[Rule]) -> str:
    """The rules as a sentence that an editor can check; "" when there are none."""
    parts = []
    for rule in rules:
        value = rule["value"]
        if rule["type"] == "group":
            inner = describe(value["match"], value["rules"])
            if inner:
                parts.append(f"({inner})")
        else:
            try:
                parts.append(registry[rule["type"]].describe(value))
            except (KeyError, TypeError, ValueError, UnknownKey):
                parts.append(_t("a rule that cannot be read"))
    if not parts:
        return ""
    if match == "none":
        return _t("none of: %s") % "; ".join(parts)
    word = _t("or") if match == "any" else _t("and")
    return f" {word} ".join(parts)


def check_cycle(segment_id: int | None, rules: Sequence[Rule]) -> None:
    """Raises SegmentCycle when a segment with these rules would ask for itself by way of others."""
    from .models import Segment

    if segment_id is None:
        return
    asked_by = {
        pk: mentions(segment.raw_rules).segments
        for pk, segment in Segment.objects.exclude(pk=segment_id).in_bulk().items()
    }
    todo, seen = list(mentions(rules).segments), set[int]()
    while todo:
        inner = todo.pop()
        if inner == segment_id:
            raise SegmentCycle
        if inner not in seen:
            seen.add(inner)
            todo += asked_by.get(inner, frozenset())
