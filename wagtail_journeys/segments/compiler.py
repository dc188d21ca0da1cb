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
from typing import Any, Protocol, TypeVar

from django.db import InterfaceError, OperationalError, connections, router
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules, SegmentCycle, UnknownKey

from . import asking
from .conditions import Mentions, negated, population, registry

Rule = dict[str, Any]
logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)


class Kinds(Protocol):
    """Conditions by key: the registry of segments, or one that has more."""

    def __getitem__(self, key: str, /) -> Any: ...


NOBODY = Q(pk__in=[])
EVERYBODY = ~NOBODY


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


def everybody_matching(match: str, rules: Sequence[Rule], now: datetime.datetime) -> QuerySet[Any, Any]:
    """The ids of all contacts who match, each once, as a queryset of one column: how to ask about the whole population."""
    with population.everybody():
        found = rules_q(match, rules, now)
    ids = population.ids(found)
    return Contact.objects.filter(found).order_by().values("pk") if ids is None else ids


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
    parts: dict[str, asking.Part] = {}
    groups: dict[str, list[Collection[int]]] = defaultdict(list)
    readable = dict(questions)
    for key, question in questions.items():
        try:
            asked = {name_of(leaf): leaf for leaf in leaves(question.rules)} if question.contacts else {}
            parts |= {name: _part(name, leaf, now) for name, leaf in asked.items() if name not in parts}
        except BadRules:
            if not skip_broken:
                raise
            logger.exception("Rules that cannot be read are left out")
            del readable[key]
            continue
        for name in asked:
            groups[name].append(question.contacts)
    together = _Together()
    answers = asking.answer({name: (parts[name], together.of(those)) for name, those in groups.items()}, now)
    return {
        key: combine(question.match, question.rules, set(question.contacts), answers)
        if question.contacts
        else set()
        for key, question in readable.items()
    }


def _part(name: str, leaf: Rule, now: datetime.datetime) -> asking.Part:
    try:
        steady = registry[leaf["type"]].steady
        return asking.part(name, steady, lambda at: _rule_q(leaf, at), now)
    except (OperationalError, InterfaceError, BadRules):
        raise  # the database, not the rule; or told already
    except Exception as error:
        raise _unreadable(leaf, error) from error


class _Together:
    """Contacts of several questions in one set: the same set for the same questions, so that it is written once."""

    def __init__(self) -> None:
        self._made: dict[frozenset[int], set[int]] = {}
        self._equal: dict[frozenset[int], set[int]] = {}

    def of(self, groups: Sequence[Collection[int]]) -> set[int]:
        which = frozenset(map(id, groups))
        if which not in self._made:
            found = set().union(*groups)
            self._made[which] = self._equal.setdefault(frozenset(found), found)
        return self._made[which]


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


def name_of(leaf: Rule) -> str:
    """The same for two rules that ask the same."""
    return json.dumps([leaf["type"], leaf["value"]], sort_keys=True, default=str)


def combine(
    match: str, rules: Sequence[Rule], everybody: set[int], answers: Mapping[str, set[int]]
) -> set[int]:
    """The same as rules_q, on sets of ids; ``answers`` has those that pass each condition by its ``name_of``."""
    parts = [
        combine(rule["value"]["match"], rule["value"]["rules"], everybody, answers)
        if rule["type"] == "group"
        else answers[name_of(rule)]
        for rule in rules
    ]
    if match == "any":
        return everybody & set().union(*parts)
    if match == "none":
        return everybody - set().union(*parts)
    return everybody.intersection(*parts)


def mentions(rules: Iterable[Rule], kinds: Kinds = registry) -> Mentions:
    """What can change the answer of these rules. Raises BadRules like rules_q."""
    found = Mentions()
    for rule in rules:
        try:
            if rule["type"] == "group":
                found |= mentions(rule["value"]["rules"], kinds)
            else:
                found |= kinds[rule["type"]].mentions(rule["value"])
        except (KeyError, TypeError, ValueError, UnknownKey) as error:
            raise _unreadable(rule, error) from error
    return found


def describe(match: str, rules: Sequence[Rule], kinds: Kinds = registry) -> str:
    """The rules as a sentence that an editor can check; "" when there are none."""
    parts = []
    for rule in rules:
        value = rule["value"]
        if rule["type"] == "group":
            inner = describe(value["match"], value["rules"], kinds)
            if inner:
                parts.append(f"({inner})")
        else:
            try:
                parts.append(kinds[rule["type"]].describe(value))
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
