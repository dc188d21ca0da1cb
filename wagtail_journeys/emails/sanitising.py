"""HTML that people wrote, made fit for emails; the Liquid in it is put aside meanwhile, and comes back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin

import nh3
from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from wagtail.rich_text import expand_db_html

from wagtail_journeys.exceptions import TemplateError

from . import addresses, liquid

RICH_TEXT_TAGS = {"p", "br", "b", "strong", "i", "em", "a", "ul", "ol", "li", "h2", "h3", "h4"}
#: Mail programs know no style sheet that all of them obey: what rich text looks like is said on every element.
RICH_TEXT_STYLES = {
    "p": "margin:0 0 16px",
    "ul": "margin:0 0 16px;padding-left:24px",
    "ol": "margin:0 0 16px;padding-left:24px",
    "li": "margin:0 0 6px",
    "h2": "margin:24px 0 8px;font-size:22px;line-height:1.3",
    "h3": "margin:20px 0 8px;font-size:18px;line-height:1.3",
    "h4": "margin:16px 0 8px;font-size:16px;line-height:1.3",
}

#: HTML that somebody wrote: what mail programs can show, and nothing that does anything.
HTML_TAGS = RICH_TEXT_TAGS | {
    "blockquote", "caption", "center", "code", "div", "h1", "hr", "img", "pre", "s", "small", "span", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u",
}  # fmt: skip
HTML_ATTRIBUTES = {
    "*": {"align", "bgcolor", "dir", "lang", "role", "style", "title", "valign", "width"},
    "a": {"href"},
    "img": {"src", "alt", "height", "border"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "height"},
    "th": {"colspan", "rowspan", "height", "scope"},
}
HTML_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display",
    "font", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height",
    "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width",
    "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-transform", "vertical-align", "white-space", "width", "word-break",
}  # fmt: skip

_TAG = re.compile(r"WJTAG(\d+)X")
_LONE_TAG = re.compile(r"<p>\s*(WJTAG\d+X)\s*</p>")

#: Makes a link absolute; raises TemplateError for one that may not stand in an email.
Link = Callable[[str], str]


class _Aside:
    """Liquid that is put aside, each piece for a mark."""

    def __init__(self, clean: Callable[[str], str] = str) -> None:
        self.chunks: list[str] = []
        self.clean = clean

    def put(self, text: str) -> str:
        return liquid.CHUNK.sub(self._mark, text)

    def _mark(self, found: re.Match[str]) -> str:
        self.chunks.append(self.clean(found.group()))
        return f"WJTAG{len(self.chunks) - 1}X"

    def back(self, text: str) -> str:
        return _TAG.sub(self._chunk, text)

    def _chunk(self, found: re.Match[str]) -> str:
        number = int(found.group(1))
        return self.chunks[number] if number < len(self.chunks) else found.group()


def rich_text(source: str, link: Link, link_style: str | None) -> str:
    """Rich text as Wagtail keeps it. ``link_style`` None: without any styles. Raises TemplateError for a bad link."""
    aside = _Aside(liquid.clean_chunk)
    problems: list[TemplateError] = []

    def attribute(_element: str, name: str, value: str) -> str | None:
        if name != "href":
            return value
        try:
            return link(aside.back(value))
        except TemplateError as error:
            problems.append(error)  # an exception would not leave the sanitiser
            return None

    styles: dict[str, str] = {} if link_style is None else {**RICH_TEXT_STYLES, "a": link_style}
    marked = _LONE_TAG.sub(r"\1", aside.put(source))
    clean = nh3.clean(
        expand_db_html(marked),
        tags=RICH_TEXT_TAGS,
        attributes={"a": {"href"}},
        url_schemes=set(liquid.SCHEMES),
        link_rel=None,
        attribute_filter=attribute,
        set_tag_attribute_values={tag: {"style": style} for tag, style in styles.items()},
    )
    if problems:
        raise problems[0]
    return _unescape_liquid_in_links(aside.back(clean))


def raw_html(source: str, link: Link, base_url: str, hosts: frozenset[str]) -> tuple[str, set[str]]:
    """HTML of somebody's own, and the images that it loads. What may not stand in an email is left out."""
    aside = _Aside()
    images: set[str] = set()

    def attribute(_element: str, name: str, value: str) -> str | None:
        if name == "src":
            absolute = urljoin(base_url, value)
            if _TAG.search(value) or not addresses.may_load(absolute, base_url, hosts):
                return None
            images.add(absolute)
            return absolute
        if name == "href":
            try:
                return link(aside.back(value))
            except TemplateError:
                return None
        return None if _TAG.search(value) else value

    clean = nh3.clean(
        aside.put(source),
        tags=HTML_TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes=HTML_ATTRIBUTES,
        url_schemes=set(liquid.SCHEMES),
        url_relative="pass_through",
        link_rel=None,
        attribute_filter=attribute,
        filter_style_properties=HTML_STYLES,
    )
    return _unescape_liquid_in_links(aside.back(clean)), images


def as_text(html: str) -> str:
    """Clean HTML as plain text, links as ``[words](address)``."""
    aside = _Aside()
    text = get_text(f"<body>{aside.put(html)}</body>", ParserConfig(display_links=True))
    return aside.back(text.strip("\n"))


def _unescape_liquid_in_links(html: str) -> str:
    """Liquid inside ``href="…"`` as its author wrote it; sanitising has escaped the quotes in it."""
    return re.sub(
        r'(?<=href=")[^"]*(?=")',
        lambda href: liquid.CHUNK.sub(lambda chunk: liquid.clean_chunk(chunk.group()), href.group()),
        html,
    )
