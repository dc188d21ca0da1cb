"""Which mail programs show what an email is made of: its tags, attributes and CSS against the facts of caniemail.com."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from tests.emails.reading import for_others

FACTS = json.loads(Path(__file__).with_name("caniemail.json").read_text())
CLIENTS: list[str] = FACTS["clients"]
SUPPORT: dict[str, str] = FACTS["support"]

#: Properties and tags whose feature is called otherwise.
CSS = {
    "font-family": "css-font", "font-style": "css-font", "min-width": "css-min-width",
    "border-bottom": "css-border", "border-left": "css-border", "border-radius": "css-border-radius",
    "margin-bottom": "css-margin", "padding-left": "css-padding", "padding-right": "css-padding",
    "list-style-type": "css-list-style-type", "background": "css-background",
}  # fmt: skip
HTML = {
    "h1": "html-h1-h6", "h2": "html-h1-h6", "h3": "html-h1-h6", "h4": "html-h1-h6", "ul": "html-lists", "ol": "html-lists",
    "li": "html-lists", "b": "html-strong", "strong": "html-strong", "td": "html-table", "tr": "html-table",
    "tbody": "html-table", "th": "html-table",
}  # fmt: skip
SELECTORS = {
    r"\.": "css-selector-class", r"\w\s+[\w.]": "css-selector-descendant", ">": "css-selector-child", ",": "css-selector-grouping",
    ":last-child": "css-pseudo-class-last-child",
}  # fmt: skip


class Gap(NamedTuple):
    feature: str
    client: str


class _Used(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.features: set[str] = set()
        self._style = False
        self.feed(for_others(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        self.features.add(HTML.get(tag, f"html-{tag}"))
        for name, value in attrs:
            if name == "style":
                self.features.update(_properties(value or ""))
            else:
                self.features.add(f"html-{name}")
        if tag == "meta" and ("name", "color-scheme") in attrs:
            self.features.add("html-meta-color-scheme")

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self.features.update(_sheet(data))


def _properties(css: str) -> Iterator[str]:
    for declaration in css.split(";"):
        name, _colon, value = (part.strip().lower() for part in declaration.partition(":"))
        if not name or name.startswith(("mso-", "-")):
            continue
        yield CSS.get(name, f"css-{name}")
        if name == "display":
            yield "css-display-none" if value.startswith("none") else f"css-display-{value.split()[0]}"
        if "!important" in value:
            yield "css-important"


def _sheet(css: str) -> Iterator[str]:
    for rule in re.findall(r"@media[^{]*", css):
        yield "css-at-media-prefers-color-scheme" if "prefers-color-scheme" in rule else "css-at-media"
    for selector, body in re.findall(r"([^{}@]+)\{([^{}]*)\}", css):
        yield from _properties(body)
        for pattern, feature in SELECTORS.items():
            if re.search(pattern, selector.strip()):
                yield feature


def used(html: str) -> set[str]:
    """The features of caniemail.com that the email uses; what is not on its list, everybody shows."""
    return {feature for feature in _Used(html).features if feature in SUPPORT}


def gaps(html: str) -> set[Gap]:
    """What some client does not show."""
    return {
        Gap(feature, client)
        for feature in used(html)
        for client, letter in zip(CLIENTS, SUPPORT[feature], strict=True)
        if letter == "n"
    }
