"""What an SVG does not do by itself: breaking text into lines, and carrying Wagtail's icons along."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from wagtail import hooks

#: Room for text in a box, and how many lines of it.
ROOM = 184
LINES = 3
SIZE = 13  # font size, in pixels

NARROW = set("iljtfrI.,:;'’|!()[]{}/ -·“”‘")
WIDE = set("mwMW@%—…→")


def text_width(text: str, size: int = SIZE) -> float:
    """About how wide the text is, rather too wide than too narrow: fonts differ from browser to browser."""
    total = 0.0
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            total += 1.0
        elif letter in NARROW:
            total += 0.36
        elif letter in WIDE:
            total += 0.92
        elif letter.isupper():
            total += 0.7
        else:
            total += 0.56
    return total * size


def text_lines(text: str, room: int = ROOM, most: int = LINES) -> list[str]:
    """The text in at most so many lines; what does not fit ends in "…"."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        for part in _parts(word, room):
            longer = f"{line} {part}" if line else part
            if not line or text_width(longer) <= room:
                line = longer
            else:
                lines.append(line)
                line = part
    if line:
        lines.append(line)
    if len(lines) > most:
        last = lines[most - 1]
        while last and text_width(f"{last}…") > room:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip()}…"]
    return lines


def _parts(word: str, room: int) -> list[str]:
    """A word that is longer than a line (an address, a URL), in pieces."""
    parts, part = [], ""
    for letter in word:
        if part and text_width(part + letter) > room:
            parts.append(part)
            part = ""
        part += letter
    return [*parts, part]


@lru_cache(maxsize=200)
def icon(name: str) -> SafeString:
    """An icon registered with Wagtail as an ``<svg>`` of its own, so that it needs no sprite; "" when there is none."""
    if not name:
        return SafeString("")
    known: list[str] = []
    for register in hooks.get_hooks("register_icons"):
        known = register(known)
    template = next((path for path in known if path.endswith(f"/{name}.svg")), None)
    if template is None:
        return SafeString("")
    try:
        markup = render_to_string(template)
    except TemplateDoesNotExist:
        return SafeString("")
    box = re.search(r'viewBox="([\d.\s-]+)"', markup)
    inner = re.search(r"<svg[^>]*>(.*)</svg>", re.sub(r"<!--.*?-->", "", markup, flags=re.DOTALL), re.DOTALL)
    if box is None or inner is None:
        return SafeString("")
    # Icons are templates of installed apps, as trusted as code.
    return mark_safe(  # noqa: S308
        f'<svg viewBox="{box[1]}" width="16" height="16" aria-hidden="true">{inner[1]}</svg>'
    )
