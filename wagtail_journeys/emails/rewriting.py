"""Links of an email that are counted: found once per template version, filled in for every message.

Only links to web pages are, and only for contacts who have agreed. Links with which the receiver decides something
(unsubscribe, confirm and the like), ``mailto:`` and ``tel:`` links, those with the attribute ``data-journeys-no-track``
and those of JOURNEYS_UNTRACKED_LINKS stay as they are for everybody.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import Any

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent

from . import links, liquid, utm
from .hit_models import Link
from .liquid import Rendered
from .models import Message, TemplateVersion

#: Stands before and behind a link that may be counted. Nobody outside of this process knows it, so no value of a merge
#: tag can pretend to be one.
MARK = f"\x02{secrets.token_hex(8)}\x02"

#: Links of a message that vary are numbered from here on.
FIRST_VARYING = 1_000
#: A link that no person sees. Whoever follows it follows everything.
TRAP = 32_767

NO_TRACK = re.compile(r"\sdata-journeys-no-track(=\"[^\"]*\"|='[^']*')?(?=[\s/]|$)", re.IGNORECASE)
_ANCHOR = re.compile(r"<a(?=\s)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*+)>", re.IGNORECASE)
_HREF = re.compile(r"(?<=\shref=\")[^\"]*(?=\")", re.IGNORECASE)
_TEXT_URL = re.compile(r"https?://[^\s()<>\[\]{}\"']+")
_ASIDE = re.compile("\x03([0-9]+)\x03")
_NAME = re.compile(r"[a-z_]+")
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Place:
    """A link of a template that may be counted; ``varies`` where merge tags stand in it."""

    number: int
    url: str
    varies: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """An email's source with its links marked."""

    html: str
    text: str
    places: tuple[Place, ...]


def mark(html: str, text: str) -> Marked:
    """Mark the links of a composed email that may be counted. The same source is looked through once per process."""
    return _mark(html, text, tuple(conf.UNTRACKED_LINKS))


@functools.lru_cache(maxsize=256)
def _mark(html: str, text: str, untracked: tuple[str, ...]) -> Marked:
    chunks: list[str] = []
    numbers: dict[str, int] = {}
    places: list[Place] = []

    def put_aside(found: re.Match[str]) -> str:
        chunks.append(found.group())
        return f"\x03{len(chunks) - 1}\x03"

    def put_back(source: str) -> str:
        return _ASIDE.sub(lambda found: chunks[int(found.group(1))], source)

    def anchor(found: re.Match[str]) -> str:
        attributes = found.group(1)
        if NO_TRACK.search(attributes):
            return f"<a{NO_TRACK.sub('', attributes)}>"
        return f"<a{_HREF.sub(href, attributes, count=1)}>"

    def href(found: re.Match[str]) -> str:
        source = put_back(found.group())
        place = _place(source, len(places), untracked)
        if place is None:
            return found.group()
        if place.url not in numbers:
            if len(places) >= FIRST_VARYING:
                return found.group()
            numbers[place.url] = place.number
            places.append(place)
        return f"{MARK}{numbers[place.url]}:{found.group()}{MARK}"

    def in_text(found: re.Match[str]) -> str:
        """The same links again, for whoever reads plain text."""
        url = found.group().rstrip(".,;:!?")
        if url not in numbers or found.string[found.end() : found.end() + 1] == "{":
            return found.group()
        return f"{MARK}{numbers[url]}:{url}{MARK}{found.group()[len(url) :]}"

    marked = put_back(_ANCHOR.sub(anchor, liquid.CHUNK.sub(put_aside, html)))
    return Marked(marked, _TEXT_URL.sub(in_text, text) if numbers else text, tuple(places))


def _place(source: str, number: int, untracked: tuple[str, ...]) -> Place | None:
    """What an ``href`` leads to and whether that varies; None where it is not to be counted."""
    chunks = liquid.CHUNK.findall(source)
    if any(name in liquid.PLAIN for chunk in chunks for name in _NAME.findall(chunk)):
        return None
    url = source.strip() if chunks else unescape(source.strip())
    if not url.startswith("{{") and not url.lower().startswith(_WEB):
        return None
    return None if url.startswith(untracked) else Place(number, url, bool(chunks))


class Rewriter:
    """Counted links and pixels for a batch of messages. As many statements for a thousand messages as for one.

    ``prepare`` is what the source of a message is sent through before it is filled in, ``finish`` what comes after;
    ``save`` writes down where the links of single messages lead, before any of them is handed over.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        versions: Mapping[int, TemplateVersion | None],
        contexts: Mapping[int, Mapping[str, Any]],
    ) -> None:
        self.known = _look_up(messages)
        self.contexts = contexts
        self.click_url, self.open_url = links.HitUrls("click"), links.HitUrls("open")
        self.untracked = tuple(conf.UNTRACKED_LINKS)
        self.rows: list[tuple[Any, ...]] = []
        self.origins: dict[tuple[int, int], int] = {}
        self.dressings: dict[tuple[str, ...], _Dressing] = {}
        if any(known.clicks for known in self.known.values()):
            self._know_links({version.pk: version for version in versions.values() if version is not None})

    def _know_links(self, versions: Mapping[int, TemplateVersion]) -> None:
        """The links of these versions, written down with the first message that has them counted."""
        wanted = [
            (pk, place.number, place.url, place.varies)
            for pk, version in versions.items()
            for place in mark(version.html, version.text).places
        ]
        known = Link.objects.filter(version__in=versions).values_list("version_id", "number", "pk")
        self.origins = {(version, number): pk for version, number, pk in known if version is not None}
        missing = [row for row in wanted if (row[0], row[1]) not in self.origins]
        if missing:
            db.insert_rows(
                Link,
                ["version", "number", "url", "varies"],
                missing,
                ignore_conflicts=True,
                returning=(),
            )
            again = Link.objects.filter(version__in={row[0] for row in missing})
            self.origins |= {
                (version, number): pk
                for version, number, pk in again.values_list("version_id", "number", "pk")
                if version is not None
            }

    def prepare(self, html: str, text: str) -> tuple[str, str]:
        marked = mark(html, text)
        return marked.html, marked.text

    def finish(self, message: Message, version: TemplateVersion, rendered: Rendered) -> Rendered:
        """The message with every marked link as this contact gets it, and the pixel where the contact has agreed."""
        context = self.contexts[message.pk]
        root_url = str(context["site"]["root_url"])
        never = frozenset(str(context[name]) for name in liquid.PLAIN if context.get(name))
        fill = _Filling(self, message, version, self._dressing(message, root_url), never)
        html = fill.part(rendered.html, in_html=True)
        text = fill.part(rendered.text, in_html=False)
        end = ""
        if fill.counted:
            end += _trap(self.click_url(message.uuid, root_url, TRAP))
        if self.known.get(message.pk, NOBODY).opens:
            end += _pixel(self.open_url(message.uuid, root_url))
        if end:
            before, body, after = html.rpartition("</body>")
            html = f"{before}{end}{body}{after}" if body else html + end
        return replace(rendered, html=html, text=text)

    def _dressing(self, message: Message, root_url: str) -> _Dressing:
        """How links that are not counted look in this message; the same for all of its step."""
        known = self.known.get(message.pk, NOBODY)
        key = (
            root_url,
            known.campaign,
            known.template,
            message.step_id,
            str(message.merge.get("variant") or ""),
        )
        if key not in self.dressings:
            self.dressings[key] = _Dressing(root_url, utm.values(*key))
        return self.dressings[key]

    def save(self) -> None:
        """Where the links of single messages lead. One statement at most; a message that is tried again is overwritten."""
        db.insert_rows(
            Link,
            ["message", "number", "url", "varies", "origin"],
            self.rows,
            on_conflict='("message_id", "number") DO UPDATE SET "url" = excluded."url", "origin_id" = excluded."origin_id"',
            returning=(),
        )


class _Dressing:
    """What is added to links that lead to the site itself, worked out once for each link."""

    def __init__(self, root_url: str, parameters: Mapping[str, str]) -> None:
        self.root_url = root_url
        self.parameters = parameters
        self.known: dict[tuple[str, bool], str] = {}

    def __call__(self, source: str, in_html: bool) -> str:
        found = self.known.get((source, in_html))
        if found is None:
            url = utm.tagged(unescape(source) if in_html else source, self.parameters, self.root_url)
            found = self.known[source, in_html] = escape(url) if in_html else url
        return found


class _Filling:
    """The marked links of one message. ``never`` are the links that are not counted whatever the template calls them."""

    def __init__(
        self,
        batch: Rewriter,
        message: Message,
        version: TemplateVersion,
        dressing: _Dressing,
        never: frozenset[str],
    ) -> None:
        self.batch = batch
        self.message = message
        self.version = version
        self.dressing = dressing
        self.never = never
        self.counted = batch.known.get(message.pk, NOBODY).clicks
        self.varying = FIRST_VARYING
        self.urls: dict[int, str] = {}
        self.places = mark(version.html, version.text).places if self.counted else ()

    def part(self, filled_in: str, *, in_html: bool) -> str:
        pieces = filled_in.split(MARK)
        for position in range(1, len(pieces), 2):
            number, _colon, source = pieces[position].partition(":")
            pieces[position] = self._link(int(number), source, in_html)
        return "".join(pieces)

    def _link(self, number: int, source: str, in_html: bool) -> str:
        if source in self.never or (in_html and "&" in source and unescape(source) in self.never):
            return source
        address = self._address(number, source, in_html) if self.counted else None
        if address is not None:
            url = self.urls.get(address)  # in the HTML and again in the text
            if url is None:
                url = self.batch.click_url(self.message.uuid, self.dressing.root_url, address)
                self.urls[address] = url
            return url
        return self.dressing(source, in_html) if self.dressing.parameters else source

    def _address(self, number: int, source: str, in_html: bool) -> int | None:
        """The number that the token carries; None where what the merge tags said is nothing to count."""
        origin = self.batch.origins.get((self.version.pk, number))
        if origin is None:
            return None
        if not self.places[number].varies:
            return number
        url = unescape(source) if in_html else source
        if not url.lower().startswith(_WEB) or url.startswith(self.batch.untracked) or self.varying >= TRAP:
            return None
        self.batch.rows.append((self.message.pk, self.varying, url, True, origin))
        self.varying += 1
        return self.varying - 1


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says of a message: whose it is by name, and what its contact has agreed to."""

    campaign: str
    template: str
    opens: bool
    clicks: bool


#: Of a message that was deleted at this moment.
NOBODY = _Known("", "", opens=False, clicks=False)


def _look_up(messages: Sequence[Message]) -> dict[int, _Known]:
    """One statement."""
    rows = (
        Message.objects.filter(pk__in=[message.pk for message in messages])
        .order_by()
        .annotate(opens=consent.allows(consent.OPEN_TRACKING), clicks=consent.allows(consent.CLICK_TRACKING))
        .values_list("pk", "campaign__name", "template__name", "opens", "clicks")
    )
    return {
        pk: _Known(campaign or "", template or "", bool(opens), bool(clicks))
        for pk, campaign, template, opens, clicks in rows
    }


def _trap(url: str) -> str:
    style = "display:none;font-size:0;line-height:0;max-height:0;overflow:hidden;mso-hide:all"
    return f'<div style="{style}" aria-hidden="true"><a href="{url}" tabindex="-1" rel="nofollow"></a></div>'


def _pixel(url: str) -> str:
    return (
        f'<img src="{url}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">'
    )
