"""Who belongs since when: incremental after each batch, whole after an edit or when the clock alone can change it."""

from __future__ import annotations

import datetime
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import TextField
from django.db.models.functions import Cast

from wagtail_journeys import db
from wagtail_journeys.exceptions import BadRules

from . import compiler, diff
from .conditions import Mentions, registry
from .conditions.base import ANY_EVENT
from .diff import Change, Diff, Moves
from .models import Membership, Segment

__all__ = [
    "Change",
    "Diff",
    "Moves",
    "Rules",
    "Touched",
    "live_rules",
    "rebuild",
    "rebuild_requested",
    "refresh",
    "sweep",
]

logger = logging.getLogger(__name__)

#: Changes of an inner segment up to which those who ask about it look at these contacts only.
FEW = 5000
#: Contacts that a sweep looks at one by one in a segment; where more are due, the segment is compared as a whole.
DUE_LIMIT = 20_000
#: How far sweeps overlap, for what was being written while the last one looked.
SWEEP_MARGIN = datetime.timedelta(minutes=2)
#: After so long without a sweep, everybody is looked at.
SWEEP_REACH = datetime.timedelta(days=7)


@dataclass
class Touched:
    """What a batch has changed, per contact: events that happened and fields that changed."""

    events: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    fields: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    created: set[int] = field(default_factory=set)
    #: Contacts that entered or left a segment kept by hand, by segment.
    segments: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def contacts(self) -> set[int]:
        found = set(self.created)
        for ids in [*self.events.values(), *self.fields.values(), *self.segments.values()]:
            found |= ids
        return found

    def by(self, mentions: Mentions) -> set[int]:
        """The contacts for whom a rule that mentions these things may have another answer now."""
        found = set(self.created)
        anything = ANY_EVENT in mentions.events
        for name in self.events.keys() if anything else mentions.events & self.events.keys():
            found |= self.events[name]
        for name in mentions.fields & self.fields.keys():
            found |= self.fields[name]
        for segment in mentions.segments & self.segments.keys():
            found |= self.segments[segment]
        return found


@dataclass(frozen=True)
class Rules:
    """A live dynamic segment, read once per batch."""

    segment: int
    match: str
    rules: list[dict]
    mentions: Mentions


def live_rules() -> list[Rules]:
    """All live dynamic segments, every one after those it asks about. One statement; rules are parsed once per edit."""
    found: dict[int, Rules] = {}
    live = Segment.objects.filter(live=True, kind=Segment.Kind.DYNAMIC).order_by()
    # As they are stored: the stream would leave out a condition that is not installed any more, and ask for less.
    for row in live.annotate(stored=Cast("rules", TextField())).values_list("pk", "match", "stored"):
        try:
            found[row[0]] = _read(*row)
        except BadRules:
            logger.exception("Segment %s cannot be read; its members stay as they are", row[0])
    ordered: list[Rules] = []
    done: set[int] = set()

    def visit(pk: int, path: frozenset[int]) -> None:
        if pk in done or pk in path or pk not in found:
            return
        for inner in sorted(found[pk].mentions.segments):
            visit(inner, path | {pk})
        done.add(pk)
        ordered.append(found[pk])

    for pk in sorted(found):
        visit(pk, frozenset())
    return ordered


@lru_cache(maxsize=2000)
def _read(segment: int, match: str, stored: str) -> Rules:
    rules = json.loads(stored)
    return Rules(segment, match, rules, compiler.mentions(rules))


def _levels(segments: Iterable[Rules]) -> list[list[Rules]]:
    """Segments in layers: each asks only about segments of earlier layers."""
    level: dict[int, int] = {}
    layers: list[list[Rules]] = []
    for rules in segments:
        depth = max((level[inner] + 1 for inner in rules.mentions.segments if inner in level), default=0)
        level[rules.segment] = depth
        while len(layers) <= depth:
            layers.append([])
        layers[depth].append(rules)
    return layers


def refresh(touched: Touched, now: datetime.datetime, segments: list[Rules] | None = None) -> list[Change]:
    """Bring the memberships of touched contacts up to date in the segments that mention what changed.

    Must run inside the transaction of the batch. A handful of statements per layer of segments-in-segments, whatever
    the number of contacts.
    """
    segments = live_rules() if segments is None else segments
    return _follow(segments, lambda rules: touched.by(rules.mentions), now).known


def _follow(
    segments: Iterable[Rules], concerned: Callable[[Rules], set[int] | None], now: datetime.datetime
) -> Moves:
    """Ask each segment about the contacts it is concerned with (None: everybody), layer by layer.

    Contacts that a segment gained or lost concern the segments that ask about it.
    """
    moves = Moves()
    moved: dict[int, set[int] | None] = {}
    for layer in _levels(segments):
        asked: dict[int, compiler.Question] = {}
        whole: list[Rules] = []
        for rules in layer:
            inner = [moved[pk] for pk in rules.mentions.segments & moved.keys()]
            contacts = concerned(rules)
            if contacts is None or None in inner:
                whole.append(rules)
            elif contacts := contacts.union(*(ids for ids in inner if ids)):
                asked[rules.segment] = compiler.Question(rules.match, rules.rules, contacts)
        if asked:
            matching = compiler.evaluate(asked, now, skip_broken=True)
            made = _apply({pk: (set(asked[pk].contacts), found) for pk, found in matching.items()}, now)
            for change in made:
                moved.setdefault(change.segment, set()).add(change.contact)  # type: ignore[union-attr]
            moves.known += made
        for rules in whole:
            found = _rebuild_readable(rules, now)
            moves.diffs.append(found)
            if found:
                few = len(found) <= FEW
                moved[rules.segment] = {change.contact for change in found.changes(FEW)} if few else None
    return moves


def _apply(answers: Mapping[int, tuple[set[int], set[int]]], now: datetime.datetime) -> list[Change]:
    """Write the difference between open stays and the answers (segment → contacts asked about, contacts matching)."""
    if not answers:
        return []
    everybody = set().union(*(asked for asked, _matching in answers.values()))
    open_stays = Membership.objects.filter(
        compiler.among(everybody, "contact_id"), segment_id__in=list(answers), left_at__isnull=True
    ).values_list("pk", "segment_id", "contact_id")
    present: dict[int, dict[int, int]] = defaultdict(dict)
    for pk, segment, contact in open_stays:
        present[segment][contact] = pk
    entering: list[tuple[int, int]] = []
    leaving: list[tuple[int, int, int]] = []
    for segment, (asked, matching) in answers.items():
        here = present[segment]
        entering += [(segment, contact) for contact in sorted(matching - here.keys())]
        leaving += [(here[contact], segment, contact) for contact in sorted((here.keys() & asked) - matching)]
    return _write(entering, leaving, now)


def _write(
    entering: list[tuple[int, int]], leaving: list[tuple[int, int, int]], now: datetime.datetime
) -> list[Change]:
    inserted = db.insert_rows(
        Membership,
        ["segment", "contact", "entered_at"],
        [(segment, contact, now) for segment, contact in entering],
        ignore_conflicts=True,
        returning=["id", "segment", "contact"],
    )
    db.update_rows(Membership, "id", ["left_at"], [(pk, now) for pk, _segment, _contact in leaving])
    return [Change(segment, contact, pk, True, now) for pk, segment, contact in inserted] + [
        Change(segment, contact, pk, False, now) for pk, segment, contact in leaving
    ]


def rebuild(segment: Segment, now: datetime.datetime) -> Diff:
    """Bring the whole segment up to date by difference: who stays is not touched. Inside a transaction."""
    if segment.kind == Segment.Kind.STATIC:
        return Diff(segment.pk, now, 0, 0, 0)
    matching = compiler.everybody_matching(segment.match, segment.raw_rules, now)
    return diff.apply(segment.pk, matching, now)


def _rebuild_readable(rules: Rules, now: datetime.datetime) -> Diff:
    """The same for a segment of ``live_rules``; one that cannot be read keeps its members as they are."""
    try:
        matching = compiler.everybody_matching(rules.match, rules.rules, now)
    except BadRules:
        logger.exception("Segment %s cannot be read; its members stay as they are", rules.segment)
        return Diff(rules.segment, now, 0, 0, 0)
    return diff.apply(rules.segment, matching, now)


def rebuild_requested(now: datetime.datetime) -> Moves:
    """Rebuild the segments that were published or edited since the last look, and what follows for those that ask
    about them.

    A segment that gained contacts keeps its mark: what happened to them while the database was comparing is seen by the
    next call, which finds next to nothing to change.
    """
    asked = set(Segment.objects.filter(rebuild_requested_at__isnull=False).values_list("pk", flat=True))
    if not asked:
        return Moves()
    moves = _follow(live_rules(), lambda rules: None if rules.segment in asked else set(), now)
    again = {made.segment for made in moves.diffs if made.entered} if _shared() else set()
    Segment.objects.filter(pk__in=asked - again).update(rebuild_requested_at=None)
    return moves


def _shared() -> bool:
    """Whether others may write while a segment is being compared; on SQLite there is one writer."""
    return bool(db.write_connection(Membership).vendor != "sqlite")


def sweep(now: datetime.datetime, since: datetime.datetime | None = None) -> Moves:
    """Bring the segments up to date that the clock alone can change, and those that ask about them.

    ``since`` is the last sweep: a condition that can tell whom the time from there to now concerns is asked about these
    contacts only. Where one cannot, and where there was no sweep for a week, the segment is compared as a whole.
    """
    if since is not None:
        since = since - SWEEP_MARGIN if now - SWEEP_REACH < since <= now else None
    return _follow(
        live_rules(), lambda rules: _due(rules.rules, since, now) if rules.mentions.clock else set(), now
    )


def _due(rules: list[dict], since: datetime.datetime | None, now: datetime.datetime) -> set[int] | None:
    """The contacts whose answer the clock can have changed since then; None where that cannot be told, or are many."""
    if since is None:
        return None
    found: set[int] = set()
    try:
        for leaf in compiler.leaves(rules):
            condition, params = registry[leaf["type"]], leaf["value"]
            if condition.mentions(params).clock:
                contacts = condition.due(params, since, now)
                if contacts is None:
                    return None
                rows = list(contacts.order_by().distinct()[: DUE_LIMIT + 1])
                if len(rows) > DUE_LIMIT:
                    return None
                found.update(_number(row) for row in rows)
    except (OperationalError, InterfaceError):
        raise  # the database, not the rule
    except Exception:
        logger.exception("The clock's part in a rule cannot be told; everybody is looked at")
        return None
    return found


def _number(row: Any) -> int:
    """The id of a contact, from a row of one column in whatever form the condition asked for it."""
    if isinstance(row, dict):
        (row,) = row.values()
    return int(row[0] if isinstance(row, tuple) else row)
