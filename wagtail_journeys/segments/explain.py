"""Why a contact matches, or does not: the answer of every rule by itself, the way an editor sees the rules."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import Error, connections, router, transaction
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules

from . import compiler
from .blocks import MATCH_CHOICES
from .compiler import Rule
from .conditions import Condition, registry

logger = logging.getLogger(__name__)


@dataclass
class Answer:
    """One rule, or a group of them (``match`` is then all, any or none, and ``parts`` has its rules).

    ``yes`` is None where the rule cannot be read; ``id`` is the id of its block.
    """

    sentence: str
    yes: bool | None
    id: str = ""
    fact: str = ""
    match: str = ""
    parts: list[Answer] = field(default_factory=list)

    @property
    def state(self) -> str:
        return "broken" if self.yes is None else "yes" if self.yes else "no"

    @property
    def in_words(self) -> str:
        return {"yes": _t("Yes"), "no": _t("No"), "broken": _t("Cannot be read")}[self.state]

    def everything(self) -> Iterator[Answer]:
        yield self
        for part in self.parts:
            yield from part.everything()


#: Answers rules, each by itself, by any key; those that cannot be read may raise or be left out.
Ask = Callable[[dict[str, Rule]], dict[str, bool]]


def explain(
    match: str,
    rules: Sequence[Rule],
    contact: Contact,
    now: datetime.datetime,
    *,
    kinds: compiler.Kinds = registry,
    ask: Ask | None = None,
) -> Answer:
    """The rules as a tree of answers for one contact. Never raises for what the rules say.

    One statement for every hundred rules, and one for each rule that has a fact to tell. Who has more kinds of
    conditions than segments have gives them, and says how they are asked.
    """
    leaves = dict(_leaves(rules))
    answers = _ask(leaves, ask or partial(_of_contact, contact, now))
    return _group(match, rules, "", answers, _About(contact, now, kinds))


@dataclass(frozen=True)
class _About:
    contact: Contact
    now: datetime.datetime
    kinds: compiler.Kinds


def _leaves(rules: Sequence[Rule], path: str = "") -> Iterator[tuple[str, Rule]]:
    """Every single rule, by its place."""
    for number, rule in enumerate(rules):
        place = f"{path}.{number}"
        if isinstance(rule, dict) and rule.get("type") == "group":
            yield from _leaves(_inner(rule)[1], place)
        else:
            yield place, rule


def _inner(rule: Rule) -> tuple[str, list[Rule]]:
    value = rule.get("value") or {}
    return value.get("match") or "all", value.get("rules") or []


def _ask(leaves: dict[str, Rule], ask: Ask) -> dict[str, bool]:
    """Yes or no by place; a rule that cannot be asked has no answer."""
    try:
        with _apart():
            return ask(leaves)
    except (BadRules, Error):
        # One of them spoils the statement: ask each by itself, to find out which.
        found: dict[str, bool] = {}
        for place, rule in leaves.items():
            try:
                with _apart():
                    found |= ask({place: rule})
            except (BadRules, Error):
                logger.warning("A rule cannot be explained", exc_info=True)
        return found


def _apart() -> AbstractContextManager[Any]:
    """What fails inside spoils nothing outside: reading needs care for that only inside of a transaction."""
    connection = connections[router.db_for_read(Contact)]
    return transaction.atomic(using=connection.alias) if connection.in_atomic_block else nullcontext()


def _of_contact(contact: Contact, now: datetime.datetime, leaves: dict[str, Rule]) -> dict[str, bool]:
    questions = {place: compiler.Question("all", [rule], {contact.pk}) for place, rule in leaves.items()}
    answers = compiler.evaluate(questions, now, skip_broken=True)
    return {place: bool(contacts) for place, contacts in answers.items()}


def _group(
    match: str,
    rules: Sequence[Rule],
    path: str,
    answers: dict[str, bool],
    about: _About,
    block: str = "",
) -> Answer:
    parts = []
    for number, rule in enumerate(rules):
        place = f"{path}.{number}"
        if isinstance(rule, dict) and rule.get("type") == "group":
            inner_match, inner = _inner(rule)
            parts.append(_group(inner_match, inner, place, answers, about, str(rule.get("id") or "")))
        else:
            parts.append(_leaf(rule, answers.get(place), about))
    return Answer(
        sentence=str(dict(MATCH_CHOICES).get(match, "")),
        yes=_together(match, [part.yes for part in parts]),
        id=block,
        match=match,
        parts=parts,
    )


def _together(match: str, answers: list[bool | None]) -> bool | None:
    """What the compiler makes of the parts; None where a part that cannot be read could decide it."""
    if match == "any":
        decided, otherwise = True, False
    else:
        decided, otherwise = False, True
    deciding = match != "all"  # "any" and "none" are decided by a yes, "all" by a no
    if deciding in answers:
        return decided
    return None if None in answers else otherwise


def _leaf(rule: Rule, yes: bool | None, about: _About) -> Answer:
    sentence, fact = _t("a rule that cannot be read"), ""
    try:
        condition = about.kinds[rule["type"]]
        sentence = condition.describe(rule["value"])
        if yes is not None:
            fact = _fact(condition, rule["value"], about)
    except Exception:  # a host site's own condition may stumble over unfinished values in any way
        logger.warning("A rule cannot be put into words", exc_info=True)
    block = rule.get("id") if isinstance(rule, dict) else ""
    return Answer(sentence=sentence, yes=yes, id=str(block or ""), fact=fact)


def _fact(condition: Any, params: dict[str, Any], about: _About) -> str:
    """What the condition knows about the contact beyond yes and no."""
    if not isinstance(condition, Condition) or type(condition).fact is Condition.fact:
        return ""
    with _apart():
        return str(condition.fact(params, about.contact, about.now) or "")
