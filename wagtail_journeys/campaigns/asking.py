"""What steps ask of a group of journeys: conditions on the contact and conditions on the journey, in one tree.

A condition on contacts is asked once for all contacts of the group, one on journeys once for all its journeys; what all,
any and none make of the answers is a matter of sets.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wagtail_journeys.exceptions import BadRules, UnknownKey
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments import conditions as segments
from wagtail_journeys.segments import explain as explaining
from wagtail_journeys.segments.compiler import Rule
from wagtail_journeys.segments.conditions import Mentions
from wagtail_journeys.segments.explain import Answer

from . import conditions

if TYPE_CHECKING:
    from .steps.base import Group

K = TypeVar("K", bound=Hashable)

#: (all, any or none, the rules)
Asked = tuple[str, Sequence[Rule]]


class _Kinds:
    """Both registries as one table."""

    def __getitem__(self, key: str) -> Any:
        """Raises UnknownKey."""
        return conditions.registry[key] if key in conditions.registry else segments.registry[key]

    def __contains__(self, key: object) -> bool:
        return key in conditions.registry or key in segments.registry


KINDS = _Kinds()


def evaluate(questions: Mapping[K, Asked], group: Group, now: datetime.datetime) -> dict[K, set[int]]:
    """For each question the ids of the journeys that match.

    A condition that stands in several questions is asked once. Raises BadRules for rules that nobody understands.
    """
    leaves = {
        compiler.name_of(leaf): leaf
        for _match, rules in questions.values()
        for leaf in compiler.leaves(rules)
    }
    of_journeys = {name: leaf for name, leaf in leaves.items() if leaf["type"] in conditions.registry}
    contacts = {position.contact for position in group.positions}
    of_contacts = {
        name: compiler.Question("all", [leaf], contacts)
        for name, leaf in leaves.items()
        if name not in of_journeys
    }
    matching = compiler.evaluate(of_contacts, now) if of_contacts else {}
    answers = {
        name: {position.journey for position in group.positions if position.contact in found}
        for name, found in matching.items()
    }
    for name, leaf in of_journeys.items():
        answers[name] = _ask(leaf, group, now)
    everyone = {position.journey for position in group.positions}
    return {
        key: compiler.combine(match, rules, everyone, answers) for key, (match, rules) in questions.items()
    }


def _ask(leaf: Rule, group: Group, now: datetime.datetime) -> set[int]:
    try:
        return conditions.registry[leaf["type"]].matching(group, leaf["value"], now)
    except (KeyError, TypeError, ValueError, UnknownKey) as error:
        raise BadRules(f"The rule “{leaf['type']}” cannot be read: {error}") from error


def explain(match: str, rules: Sequence[Rule], group: Group, now: datetime.datetime) -> Answer:
    """The rules as a tree of answers for the one journey of ``group``: why it waits, or went the way it did."""
    (position,) = group.positions

    def ask(leaves: dict[str, Rule]) -> dict[str, bool]:
        found = evaluate({place: ("all", [rule]) for place, rule in leaves.items()}, group, now)
        return {place: bool(journeys) for place, journeys in found.items()}

    return explaining.explain(match, rules, group.contacts[position.contact], now, kinds=KINDS, ask=ask)


def describe(match: str, rules: Sequence[Rule]) -> str:
    """The rules as a sentence; "" when there are none."""
    return compiler.describe(match, rules, KINDS)


def mentions(rules: Sequence[Rule]) -> Mentions:
    """What can change the answer of these rules. Raises BadRules."""
    return compiler.mentions(rules, KINDS)
