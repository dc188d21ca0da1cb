"""Which events the rules of segments name, for the catalogue of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.urls import reverse

from wagtail_journeys.events.needs import Need, tell

from . import compiler
from .conditions import registry
from .models import Segment


def connect() -> None:
    tell("segment", needs)


def needs() -> Iterator[Need]:
    """One statement."""
    name = Segment.snippet_viewset.get_url_name("edit")
    for segment in Segment.objects.filter(kind=Segment.Kind.DYNAMIC).order_by("name"):
        for event in sorted(names_in(segment.raw_rules)):
            yield Need(
                event, "segment", segment.pk, segment.name, segment.live, reverse(name, args=[segment.pk])
            )


def names_in(rules: Sequence[dict[str, Any]], kinds: compiler.Kinds = registry) -> set[str]:
    """The events that rules name; those of a rule that is not finished, or cannot be read, are left out."""
    found: set[str] = set()
    for rule in rules:
        # A host site's own condition may stumble over unfinished values in any way.
        with suppress(Exception):
            if rule["type"] == "group":
                found |= names_in(rule["value"]["rules"], kinds)
            else:
                found |= {name for name in compiler.mentions([rule], kinds).events if name}
    return found
