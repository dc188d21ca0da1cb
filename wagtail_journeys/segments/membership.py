"""Who belongs since when: incremental after each batch, whole after an edit or when the clock alone can change it."""

from __future__ import annotations

import datetime
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import JSONField, QuerySet
from django.db.models.functions import Cast

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules

from . import compiler
from .conditions import Mentions
from .models import Membership, Segment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """A contact entered (``entered``) or left a segment; ``membership`` is the id of the stay."""

    segment: int
    contact: int
    membership: int
    entered: bool
    at: datetime.datetime


@dataclass
class Touched:
    """What a batch has changed, per contact: events that happened and fields that changed."""

    events: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    fields: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    created: set[int] = field(default_factory=set)

    def contacts(self) -> set[int]:
        found = set(self.created)
        for ids in [*self.events.values(), *self.fields.values()]:
            found |= ids
        return found

    def by(self, mentions: Mentions) -> set[int]:
        """The contacts for whom a rule that mentions these things may have another answer now."""
        found = set(self.created)
        for name in mentions.events & self.events.keys():
            found |= self.events[name]
        for name in mentions.fields & self.fields.keys():
            found |= self.fields[name]
        return found


@dataclass(frozen=True)
class Rules:
    """A live dynamic segment, read once per batch."""

    segment: int
    match: str
    rules: list[dict]
    mentions: Mentions


def live_rules() -> list[Rules]:
    """All live dynamic segments, every one after those it asks about."""
    found: dict[int, Rules] = {}
    live = Segment.objects.filter(live=True, kind=Segment.Kind.DYNAMIC)
    # As they are stored: the stream would leave out a condition that is not installed any more, and ask for less.
    for pk, match, rules in live.annotate(stored=Cast("rules", JSONField())).values_list(
        "pk", "match", "stored"
    ):
        try:
            found[pk] = Rules(pk, match, rules, compiler.mentions(rules))
        except BadRules:
            logger.exception("Segment %s cannot be read; its members stay as they are", pk)
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
    changes: list[Change] = []
    moved: dict[int, set[int]] = defaultdict(set)
    for layer in _levels(segments):
        asked: dict[int, compiler.Question] = {}
        for rules in layer:
            contacts = touched.by(rules.mentions)
            for inner in rules.mentions.segments:
                contacts |= moved[inner]
            if contacts:
                asked[rules.segment] = compiler.Question(rules.match, rules.rules, contacts)
        if not asked:
            continue
        matching = compiler.evaluate(asked, now, skip_broken=True)
        made = _apply({pk: (set(asked[pk].contacts), found) for pk, found in matching.items()}, now)
        for change in made:
            moved[change.segment].add(change.contact)
        changes += made
    return changes


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


def rebuild(segment: Segment, now: datetime.datetime) -> list[Change]:
    """Bring the whole segment up to date by difference: who stays is not touched. Inside a transaction."""
    if segment.kind == Segment.Kind.STATIC:
        return []
    return _rebuild(segment.pk, compiler.contacts_matching(segment.match, segment.raw_rules, now), now)


def _rebuild(segment: int, matching: QuerySet[Contact], now: datetime.datetime) -> list[Change]:
    inside = Membership.objects.filter(segment=segment, left_at__isnull=True)
    entering = (
        matching.exclude(pk__in=inside.values("contact_id")).order_by("pk").values_list("pk", flat=True)
    )
    leaving = inside.exclude(contact_id__in=matching.values("pk")).values_list("pk", "contact_id")
    gone = [(pk, segment, contact) for pk, contact in leaving]
    return _write([(segment, contact) for contact in entering], gone, now)


def _rebuild_readable(rules: Rules, now: datetime.datetime) -> list[Change]:
    """The same for a segment of ``live_rules``; one that cannot be read keeps its members as they are."""
    try:
        matching = compiler.contacts_matching(rules.match, rules.rules, now)
    except BadRules:
        logger.exception("Segment %s cannot be read; its members stay as they are", rules.segment)
        return []
    return _rebuild(rules.segment, matching, now)


def rebuild_requested(now: datetime.datetime) -> list[Change]:
    """Rebuild the segments that were published or edited since the last look, and those that depend on them."""
    asked = set(Segment.objects.filter(rebuild_requested_at__isnull=False).values_list("pk", flat=True))
    if not asked:
        return []
    changes: list[Change] = []
    rebuilt: set[int] = set()
    for rules in live_rules():
        if rules.segment in asked or rules.mentions.segments & rebuilt:
            rebuilt.add(rules.segment)
            changes += _rebuild_readable(rules, now)
    Segment.objects.filter(pk__in=asked).update(rebuild_requested_at=None)
    return changes


def sweep(now: datetime.datetime) -> list[Change]:
    """Rebuild the segments that the clock alone can change, and those that ask about them."""
    changes: list[Change] = []
    swept: set[int] = set()
    for rules in live_rules():
        if rules.mentions.clock or rules.mentions.segments & swept:
            swept.add(rules.segment)
            changes += _rebuild_readable(rules, now)
    return changes
