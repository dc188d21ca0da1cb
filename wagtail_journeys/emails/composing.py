"""Blocks → MJML → HTML and plain text, both still with their merge tags. Done once, when a template is published."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import mrml
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _t
from wagtail.models import Site

from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import TemplateError

from . import addresses, liquid, sanitising
from .loading import refuse_strangers
from .look import Look

if TYPE_CHECKING:
    from .blocks.base import Piece
    from .models import EmailTemplate

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


@dataclass(frozen=True, slots=True)
class Source:
    """An email before anybody's values are filled in."""

    subject: str
    preheader: str
    html: str
    text: str
    tags: list[str]
    needs: dict[str, Any] = field(default_factory=dict)
    #: What becomes of a message for which a value is missing; see ``EmailTemplate.Missing``.
    missing: str = "fail"


class Composition:
    """One email being composed: what the blocks need to write their MJML and their text.

    Nothing that an editor wrote passes through the MJML compiler. The methods in the first group put it aside and
    return a short mark to write into the MJML instead; it comes back, escaped for HTML, in the compiled result.
    """

    #: How wide an email is, in CSS pixels.
    WIDTH = 600

    def __init__(self, language: str, base_url: str, look: Look | None = None) -> None:
        self.language = language
        self.base_url = base_url
        self.look = look or Look()
        self.images: set[str] = set()
        #: What is asked about every contact when the email is sent: ``{"n1": {"need": key, "params": {…}}}``.
        self.needs: dict[str, dict[str, Any]] = {}
        self._held: list[str] = []
        self._columns = 1
        self._names: dict[str, str] = {}

    # Blocks -----------------------------------------------------------------------------------------------------------

    def pieces(self, stream: Iterable[Any]) -> Iterator[Piece]:
        """The MJML of the blocks of a stream."""
        for child in stream:
            _method(child.block, "mjml")
            yield from child.block.pieces(child.value, self)

    def texts(self, stream: Iterable[Any]) -> str:
        """The plain text of the blocks of a stream."""
        found = [_method(child.block, "text")(child.value, self) for child in stream]
        return "\n\n".join(text for text in found if text.strip())

    def sections(self, pieces: Iterable[Piece]) -> str:
        """Pieces as sections from top to bottom; what belongs into a column shares one with its neighbours."""
        found: list[str] = []
        column: list[str] = []

        def close() -> None:
            if column:
                found.append(f"<mj-section><mj-column>{''.join(column)}</mj-column></mj-section>")
                column.clear()

        for piece in pieces:
            if piece.wide:
                close()
                found.append(piece.mjml)
            else:
                column.append(piece.mjml)
        close()
        return "\n".join(found)

    @contextmanager
    def narrow(self, columns: int) -> Iterator[None]:
        """While blocks stand in one of several columns."""
        self._columns *= columns
        yield
        self._columns //= columns

    @property
    def image_size(self) -> str:
        """For sharp screens: two dots for every pixel of the column."""
        return f"width-{2 * self.WIDTH // self._columns}"

    @property
    def fluid(self) -> str:
        """An attribute of images: those in a column are as wide as the phone that shows it by itself."""
        return ' fluid-on-mobile="true"' if self._columns > 1 else ""

    @property
    def link_style(self) -> str:
        return f"color:{self.look.link};text-decoration:underline"

    def need(self, key: str, params: dict[str, Any]) -> str:
        """Note down that ``key`` (of ``needs``) is to be asked about every contact who gets the email.

        Returns the name under which the answer stands in Liquid: ``blocks.<name>``. The same question has one name.
        """
        said = json.dumps([key, params], sort_keys=True)
        if said not in self._names:
            self._names[said] = f"n{len(self._names) + 1}"
            self.needs[self._names[said]] = {"need": key, "params": params}
        return self._names[said]

    # For MJML ---------------------------------------------------------------------------------------------------------

    def words(self, text: str) -> str:
        """The editor's own plain text, merge tags included."""
        return self.as_is(self.editors(text))

    @staticmethod
    def editors(text: str) -> str:
        """The same as HTML, for use in HTML that is put aside as a whole."""
        return _escape_around_liquid(text)

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

    def image_of(self, path: str) -> str:
        """An image whose address is the value of a need: whoever answers that decides where images may come from."""
        self.images.add(f"{{{{ {path} }}}}")
        return self.as_is(f"{{{{ {path} }}}}")

    def liquid(self, tag: str) -> str:
        """A tag of our own, such as ``{% if … %}``, between components."""
        return f"<mj-raw>{self.as_is(tag)}</mj-raw>"

    # For text ---------------------------------------------------------------------------------------------------------

    def link(self, url: str) -> str:
        """``url`` absolute, if it may stand in an email; raises TemplateError otherwise."""
        return addresses.link(url, self.base_url)

    def rich_html(self, source: str, *, styled: bool = True) -> str:
        return sanitising.rich_text(source, self.link, self.link_style if styled else None)

    def raw_html(self, source: str) -> str:
        """HTML that somebody wrote, sanitised; images are kept if they come from hosts that are allowed."""
        html, images = sanitising.raw_html(source, self.link, self.base_url, self.look.image_hosts)
        self.images |= images
        return html

    def rich_text(self, source: str) -> str:
        """The editor's rich text as plain text, links as ``[words](address)``."""
        return sanitising.as_text(self.rich_html(source, styled=False))

    def html_text(self, html: str) -> str:
        """Clean HTML as plain text; Liquid is kept."""
        return sanitising.as_text(html)

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
        refuse_strangers(html, self.images)
        return html


def compose(template: EmailTemplate) -> Source:
    """Everything that ``template`` says, ready for merge tags. Raises TemplateError with words for the editor."""
    language = template.locale.language_code
    brand = template.brand
    composition = Composition(language, base_url(), brand.look())
    streams = [*brand.above_body(language), template.body, *brand.below_body(language)]
    with translation.override(language):
        body = composition.sections(piece for stream in streams for piece in composition.pieces(stream))
        texts = [composition.texts(stream) for stream in streams]
        look = composition.look
        said = {"look": look, "postal": look.postal.splitlines(), "footer": look.footer.splitlines()}
        frame = render_to_string(
            "wagtail_journeys/emails/frame.mjml",
            {
                "language": language,
                "direction": "rtl" if translation.get_language_bidi() else "ltr",
                "title": composition.words(template.subject),
                "preheader": composition.words(template.preheader),
                "blocks": body,
                "footer": composition.as_is(
                    render_to_string("wagtail_journeys/emails/footer.html", said).strip()
                ),
                "look": look,
                "logo": composition.as_is(_logo(composition)) if look.logo else "",
            },
        )
        html = composition.compile(frame)
        footer = render_to_string("wagtail_journeys/emails/footer.txt", said).strip("\n")
    text = "\n\n".join([*(text for text in texts if text.strip()), footer]) + "\n"
    parsed = liquid.parse(template.subject, template.preheader, html, text)
    for path in parsed.paths:
        if path[0] == "blocks" and path[1] not in composition.needs:
            raise TemplateError(_t("There is no “%s”.") % ".".join(path))
    tags = [".".join(path) for path in parsed.paths if path[0] not in {"site", "blocks"}]
    return Source(template.subject, template.preheader, html, text, tags, composition.needs, template.missing)


def _logo(composition: Composition) -> str:
    """The logo, and the one for the dark where there are two: a style sheet shows one of them."""
    look = composition.look
    shown = ""
    for picture, name in ((look.logo, "wj-light"), (look.logo_dark, "wj-dark")):
        if picture is not None:
            hidden = "display:none;mso-hide:all" if name == "wj-dark" else "display:inline-block"
            composition.image(picture.url)
            address = escape(urljoin(composition.base_url, picture.url))
            kind = f' class="{name}"' if look.logo_dark else ""
            shown += (
                f'<img src="{address}" alt="{escape(look.logo_alt)}" width="{picture.width}"{kind} '
                f'style="{hidden};width:{picture.width}px;max-width:100%;height:auto;border:0">'
            )
    return shown


@functools.lru_cache(maxsize=64)
def with_preheader(html: str, old: str, new: str) -> str:
    """A composed email with another preheader. The same is put together once per process."""
    start = html.find(">", html.find("<body")) + 1
    shown, before = _escape_around_liquid(new), _escape_around_liquid(old)
    if old and before in html[start:]:
        return html[:start] + html[start:].replace(before, shown, 1)
    hidden = "display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden;"
    return f'{html[:start]}<div style="{hidden}">{shown}</div>{html[start:]}'


def _method(block: Any, method: str) -> Callable[[Any, Composition], str]:
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
