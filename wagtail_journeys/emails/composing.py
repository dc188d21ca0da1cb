"""Blocks → MJML → HTML and plain text, both still with their merge tags. Done once, when a template is published."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import mrml
import nh3
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _t
from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from wagtail.models import Site
from wagtail.rich_text import expand_db_html

from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import TemplateError

from . import liquid

if TYPE_CHECKING:
    from .models import EmailTemplate

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
    "a": "color:#1d4ed8;text-decoration:underline",
}
RICH_TEXT_ATTRIBUTES = {tag: {"style": style} for tag, style in RICH_TEXT_STYLES.items()}

#: The MJML compiler leaves out what it does not know, in silence. So we look first.
MJML_TAGS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-title",
        "mj-preview",
        "mj-raw",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-style",
        "mj-text",
        "mj-button",
        "mj-image",
        "mj-divider",
        "mj-spacer",
        "mj-table",
        "mj-section",
        "mj-column",
        "mj-group",
        "mj-wrapper",
        "mj-hero",
        "mj-body",
        "mj-social",
        "mj-social-element",
        "mj-navbar",
        "mj-navbar-link",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-title",
        "mj-accordion-text",
    ]
)
_MJML_TAG = re.compile(r"<(mj[a-z-]*)")
_HELD = re.compile(r"WJHELD(\d+)X")
_LONE_TAG = re.compile(r"<p>\s*(WJTAG\d+X)\s*</p>")
_TAG = re.compile(r"WJTAG(\d+)X")


@dataclass(frozen=True, slots=True)
class Source:
    """An email before anybody's values are filled in."""

    subject: str
    preheader: str
    html: str
    text: str
    tags: list[str]


class Composition:
    """One email being composed: what the blocks need to write their MJML and their text.

    Nothing that an editor wrote passes through the MJML compiler. The methods in the first group put it aside and
    return a short mark to write into the MJML instead; it comes back, escaped for HTML, in the compiled result.
    """

    def __init__(self, language: str, base_url: str) -> None:
        self.language = language
        self.base_url = base_url
        self.images: set[str] = set()
        self._held: list[str] = []

    # For MJML ---------------------------------------------------------------------------------------------------------

    def words(self, text: str) -> str:
        """The editor's own plain text, merge tags included."""
        return self.as_is(_escape_around_liquid(text))

    def quote(self, text: str) -> str:
        """Text from elsewhere (a page's title): merge tags in it are printed, not filled in."""
        return self.as_is(liquid.literal(escape(text)))

    def rich(self, source: str) -> str:
        """The editor's rich text, sanitised, with absolute links."""
        return self.as_is(self.rich_html(source))

    def href(self, url: str) -> str:
        """A link, checked and absolute."""
        return self.as_is(_escape_around_liquid(self.link(url)))

    def image(self, url: str) -> str:
        """The address of an image. Only these are loaded when the email is read."""
        absolute = urljoin(self.base_url, url)
        self.images.add(absolute)
        return self.as_is(escape(absolute))

    # For text ---------------------------------------------------------------------------------------------------------

    def link(self, url: str) -> str:
        """``url`` absolute and with a scheme that may stand in an email; raises TemplateError otherwise.

        It may begin with one merge tag, which is then checked when it is filled in; elsewhere merge tags may stand
        only behind the host.
        """
        url = url.strip()
        begins = re.match(r"\{\{(.*?)\}\}(?=$|[/?#])", url, re.DOTALL)
        if begins:
            inside = begins.group(1).strip()
            checked = (
                inside if inside.endswith("safe_url") or inside in liquid.PLAIN else f"{inside} | safe_url"
            )
            return f"{{{{ {checked} }}}}{url[begins.end() :]}"
        absolute = url if urlsplit(url).scheme in {"mailto", "tel"} else urljoin(self.base_url, url)
        before, _found, _rest = absolute.partition("{")
        parts = urlsplit(before)
        if parts.scheme not in liquid.SCHEMES:
            raise TemplateError(_t("“%s” is not a link that may stand in an email") % url[:60])
        if parts.scheme in {"http", "https"}:
            if not parts.hostname:
                raise TemplateError(_t("“%s” is not a link that may stand in an email") % url[:60])
            if before != absolute and not (parts.path or parts.query or parts.fragment):
                raise TemplateError(_t("“%s”: a merge tag may not name the site of a link") % url[:60])
        return absolute if "{" in absolute else iri_to_uri(absolute)

    def rich_html(self, source: str, *, styled: bool = True) -> str:
        chunks: list[str] = []
        problems: list[TemplateError] = []

        def put_aside(found: re.Match[str]) -> str:
            chunks.append(liquid.clean_chunk(found.group()))
            return f"WJTAG{len(chunks) - 1}X"

        def put_back(text: str) -> str:
            return _TAG.sub(lambda found: chunks[int(found.group(1))], text)

        def attribute(_element: str, name: str, value: str) -> str | None:
            if name != "href":
                return value
            try:
                return self.link(put_back(value))
            except TemplateError as error:
                problems.append(error)  # an exception would not leave the sanitiser
                return None

        marked = _LONE_TAG.sub(r"\1", liquid.CHUNK.sub(put_aside, source))
        clean = nh3.clean(
            expand_db_html(marked),
            tags=RICH_TEXT_TAGS,
            attributes={"a": {"href"}},
            url_schemes=set(liquid.SCHEMES),
            link_rel=None,
            attribute_filter=attribute,
            set_tag_attribute_values=RICH_TEXT_ATTRIBUTES if styled else {},
        )
        if problems:
            raise problems[0]
        return _unescape_liquid_in_links(put_back(clean))

    def rich_text(self, source: str) -> str:
        """The editor's rich text as plain text, links as ``[words](address)``."""
        chunks: list[str] = []

        def put_aside(found: re.Match[str]) -> str:
            chunks.append(found.group())
            return f"WJTAG{len(chunks) - 1}X"

        marked = liquid.CHUNK.sub(put_aside, self.rich_html(source, styled=False))
        text = get_text(f"<body>{marked}</body>", ParserConfig(display_links=True))
        return _TAG.sub(lambda found: chunks[int(found.group(1))], text.strip("\n"))

    # Putting it together ----------------------------------------------------------------------------------------------

    def as_is(self, html: str) -> str:
        """HTML that is ours: put aside as it is."""
        self._held.append(html)
        return f"WJHELD{len(self._held) - 1}X"

    def compile(self, mjml: str) -> str:
        unknown = sorted(set(_MJML_TAG.findall(mjml)) - MJML_TAGS)
        if unknown:
            raise TemplateError(_t("The email uses MJML that does not exist: %s") % ", ".join(unknown))
        try:
            output = mrml.to_html(mjml, None, mrml.RenderOptions(fonts={}))
        except OSError as error:
            raise TemplateError(_t("The MJML of a block cannot be read: %s") % error) from error
        html = _HELD.sub(lambda found: self._held[int(found.group(1))], output.content)
        _refuse_strangers(html, self.images)
        return html


def compose(template: EmailTemplate) -> Source:
    """Everything that ``template`` says, ready for merge tags. Raises TemplateError with words for the editor."""
    language = template.locale.language_code
    composition = Composition(language, base_url())
    with translation.override(language):
        bodies = [(child.block, child.value) for child in template.body]
        mjml = "\n".join(_block(block, "mjml")(value, composition) for block, value in bodies)
        texts = [_block(block, "text")(value, composition) for block, value in bodies]
        frame = render_to_string(
            "wagtail_journeys/emails/frame.mjml",
            {
                "language": language,
                "direction": "rtl" if translation.get_language_bidi() else "ltr",
                "title": composition.words(template.subject),
                "preheader": composition.words(template.preheader),
                "blocks": mjml,
                "footer": composition.as_is(render_to_string("wagtail_journeys/emails/footer.html").strip()),
            },
        )
        html = composition.compile(frame)
        footer = render_to_string("wagtail_journeys/emails/footer.txt").strip("\n")
    text = "\n\n".join([*(text for text in texts if text.strip()), footer]) + "\n"
    parsed = liquid.parse(template.subject, template.preheader, html, text)
    tags = [".".join(path) for path in parsed.paths if path[0] != "site"]
    return Source(template.subject, template.preheader, html, text, tags)


@functools.lru_cache(maxsize=64)
def with_preheader(html: str, old: str, new: str) -> str:
    """A composed email with another preheader. The same is put together once per process."""
    start = html.find(">", html.find("<body")) + 1
    shown, before = _escape_around_liquid(new), _escape_around_liquid(old)
    if old and before in html[start:]:
        return html[:start] + html[start:].replace(before, shown, 1)
    hidden = "display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden;"
    return f'{html[:start]}<div style="{hidden}">{shown}</div>{html[start:]}'


def _block(block: Any, method: str) -> Callable[[Any, Composition], str]:
    found = getattr(block, method, None)
    if found is None:
        raise TemplateError(
            _t("A block “%s” cannot stand in an email: it has no mjml() and text().") % block.name
        )
    return found


def base_url() -> str:
    """The origin of links to pages, documents and images that do not say their own."""
    if conf.BASE_URL:
        return str(conf.BASE_URL)
    site = Site.objects.filter(is_default_site=True).first()
    return site.root_url if site else getattr(settings, "WAGTAILADMIN_BASE_URL", "") or ""


def _escape_around_liquid(text: str) -> str:
    """Plain text for HTML, with the Liquid in it left as it is."""
    parts: list[str] = []
    end = 0
    for chunk in liquid.CHUNK.finditer(text):
        parts += [escape(text[end : chunk.start()]), chunk.group()]
        end = chunk.end()
    return "".join([*parts, escape(text[end:])])


def _unescape_liquid_in_links(html: str) -> str:
    """Liquid inside ``href="…"`` as its author wrote it; sanitising has escaped the quotes in it."""
    return re.sub(
        r'(?<=href=")[^"]*(?=")',
        lambda href: liquid.CHUNK.sub(lambda chunk: liquid.clean_chunk(chunk.group()), href.group()),
        html,
    )


class _Loads(HTMLParser):
    """What a mail program fetches by itself when it shows the email."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        for name, value in attrs:
            if name in {"src", "srcset", "background", "poster", "data"} or (
                tag == "link" and name == "href"
            ):
                self.found.append(value or "")
            elif name == "style":
                self._css(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self._css(data)

    def handle_comment(self, data: str) -> None:
        """Conditional comments are comments to everybody but Outlook."""
        inner = _Loads()
        inner.feed(data.partition(">")[2])
        self.found += inner.found

    def _css(self, css: str) -> None:
        self.found += re.findall(r"url\(\s*['\"]?([^'\")]+)", css)
        self.found += re.findall(r"@import\s+['\"]([^'\"]+)", css)


def _refuse_strangers(html: str, images: set[str]) -> None:
    """Reading an email tells nobody: it loads the images that its blocks put there, and nothing else."""
    reader = _Loads()
    reader.feed(html)
    strangers = sorted({url for url in reader.found if url not in images})
    if strangers:
        raise TemplateError(_t("The email would load %s when it is read") % ", ".join(strangers))
