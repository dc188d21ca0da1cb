"""A number on a page, with the link to what it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format

from wagtail_journeys.reporting.campaigns import Counted

#: The link behind a number; None where the reader may not see contacts.
Link = Callable[[Counted], str] | None


@dataclass(frozen=True)
class Number:
    label: str
    value: int
    url: str = ""

    @property
    def text(self) -> str:
        return number_format(self.value, force_grouping=True)


def number(label: Any, value: int, counted: Counted, link: Link) -> Number:
    return Number(str(label), value, link(counted) if link and value else "")
