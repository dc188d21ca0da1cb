"""Small drawings of how a segment grew, made by the server as SVG: in the text's colour, with words for screen readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from .sizes import Day

WIDTH, HEIGHT, BARS = 720, 180, 50


def _points(values: Sequence[int], width: float, height: float) -> list[tuple[float, float]]:
    """Values as points from left to right; the greatest is at the top, and the bottom is zero."""
    most = max(values, default=0) or 1
    step = width / max(1, len(values) - 1)
    return [(round(n * step, 1), round(height - value / most * height, 1)) for n, value in enumerate(values)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def trend_in_words(days: Sequence[Day]) -> str:
    if len(days) < 2:
        return _t("not known yet")
    first, last = days[0].members, days[-1].members
    words = {"first": first, "last": last, "days": len(days)}
    if first == last:
        return _t("%(last)d, as %(days)d days ago") % words
    return _t("from %(first)d to %(last)d in %(days)d days") % words


def sparkline(days: Sequence[Day]) -> SafeString:
    """A line as high as a line of text; "—" where there is nothing to draw yet."""
    words = trend_in_words(days)
    if len(days) < 2:
        return format_html('<span title="{}">—<span class="w-sr-only">{}</span></span>', words, words)
    points = _points([day.members for day in days], 96, 20)
    return format_html(
        '<svg class="wj-spark" viewBox="-2 -2 100 24" width="100" height="24" role="img" aria-label="{}">'
        '<title>{}</title><polyline points="{}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        '<circle cx="{}" cy="{}" r="2" fill="currentColor"/></svg>',
        words,
        words,
        _path(points),
        *points[-1],
    )


def growth(days: Sequence[Day]) -> SafeString:
    """The size as a line; below it, day by day, those who entered (up) and those who left (down)."""
    if not days:
        return format_html("{}", "")
    points = _points([day.members for day in days], WIDTH, HEIGHT)
    area = f"0,{HEIGHT} {_path(points)} {points[-1][0]},{HEIGHT}"
    most = max(max(day.entered, day.left) for day in days) or 1
    width = WIDTH / len(days)
    middle = HEIGHT + 20 + BARS

    def bar(number: int, day: Day, value: int, kind: str, up: bool) -> tuple[Any, ...]:
        height = round(value / most * BARS, 1)
        return (
            kind, round(number * width + width * 0.15, 1), middle - height if up else middle + 1, round(width * 0.7, 1),
            height, date_format(day.day, "SHORT_DATE_FORMAT"), value,
        )  # fmt: skip

    bars = [bar(n, day, day.entered, "entered", True) for n, day in enumerate(days) if day.entered]
    bars += [bar(n, day, day.left, "left", False) for n, day in enumerate(days) if day.left]
    return format_html(
        '<svg class="wj-growth" viewBox="-4 -14 {} {}" role="img" aria-labelledby="wj-growth-title">'
        '<title id="wj-growth-title">{}</title>'
        '<polygon class="wj-growth-area" points="{}"/><polyline class="wj-growth-line" points="{}"/>'
        '<line class="wj-growth-axis" x1="0" x2="{}" y1="{}" y2="{}"/>{}'
        '<text x="0" y="-4">{}</text><text x="0" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>',
        WIDTH + 8,
        middle + BARS + 36,
        _t("Members: %s") % trend_in_words(days),
        area,
        _path(points),
        WIDTH,
        middle,
        middle,
        format_html_join(
            "",
            '<rect class="wj-growth-{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
            bars,
        ),
        max(day.members for day in days),
        middle + BARS + 16,
        date_format(days[0].day, "SHORT_DATE_FORMAT"),
        WIDTH,
        middle + BARS + 16,
        date_format(days[-1].day, "SHORT_DATE_FORMAT"),
    )
