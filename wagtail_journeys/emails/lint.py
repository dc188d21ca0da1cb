"""What an email should not be sent with: too long for a mail program, pictures without words, links that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import models
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from wagtail.documents import get_document_model

from wagtail_journeys.events.places import page_model

from . import languages, liquid

if TYPE_CHECKING:
    from .composing import Source
    from .models import EmailTemplate, TemplateVersion

#: Bytes of HTML. Gmail cuts an email off at about 102 KB, and values still come into it.
LARGEST = 90_000
#: Characters; more are hidden by phones.
LONGEST_SUBJECT = 70
LOCAL = {"localhost", "127.0.0.1", "::1"}


def of_content(source: Source | TemplateVersion, *, unsubscribe: bool = True) -> Iterator[str]:
    """About one composed email, merge tags unfilled; each finding says what to do. Asks nobody.

    ``unsubscribe``: whether it needs a link to do that.
    """
    size = len(source.html.encode())
    if size > LARGEST:
        yield _t(
            "The HTML takes %(size)s KB; Gmail hides what comes after about 102 KB, the link to unsubscribe first of all. "
            "Make the email shorter."
        ) % {"size": size // 1000}
    subject = liquid.CHUNK.sub("", source.subject)
    if len(subject) > LONGEST_SUBJECT:
        yield _t("The subject has %(length)d characters; phones show about %(most)d.") % {
            "length": len(subject),
            "most": LONGEST_SUBJECT,
        }
    if not source.preheader.strip():
        yield _t("There is no preheader: inboxes show the first words of the email instead.")
    if unsubscribe and "unsubscribe_url" not in source.html:
        yield _t("There is no link to unsubscribe. Put {{ unsubscribe_url }} into the email.")
    reader = _Reader()
    reader.feed(source.html)
    if reader.silent_images:
        yield (
            ngettext(
                "%d image has no text for those who do not see it.",
                "%d images have no text for those who do not see them.",
                reader.silent_images,
            )
            % reader.silent_images
        )
    if reader.silent_links:
        yield (
            ngettext(
                "%d link has no words: a screen reader cannot say where it leads.",
                "%d links have no words: a screen reader cannot say where they lead.",
                reader.silent_links,
            )
            % reader.silent_links
        )
    for url in dict.fromkeys(reader.links):
        parts = urlsplit(url.partition("{")[0])
        if parts.scheme == "http" and parts.hostname not in LOCAL:
            yield _t("The link %s is not encrypted: write https.") % url[:100]


def of_template(template: EmailTemplate) -> Iterator[str]:
    """About what the template shows and in which languages it is. Four statements at most."""
    chosen: dict[type[models.Model], set[str]] = {}
    for reference in template.body.stream_block.extract_references(template.body):
        chosen.setdefault(reference[0], set()).add(str(reference[1]))
    for model, keys in chosen.items():
        if issubclass(model, page_model()):
            pages: Any = model._default_manager
            found = {str(page.pk): page for page in pages.filter(pk__in=keys)}
            for page in found.values():
                if not page.live:
                    yield (
                        _t("The page “%s” is not published: whoever follows the link does not find it.")
                        % page
                    )
            if keys - found.keys():
                yield _t("A page that the email leads to has been deleted. Choose another one.")
        elif issubclass(model, get_document_model()):
            there = model._default_manager.filter(pk__in=keys).count()
            if there < len(keys):
                yield _t("A document that the email leads to has been deleted. Choose another one.")
    absent = languages.missing([template])[template.pk]
    if absent:
        yield _t(
            "There is no live translation into %s: contacts with that language get another one."
        ) % ", ".join(absent)


class _Reader(HTMLParser):
    """The images and links of an email."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.silent_images = self.silent_links = 0
        self._words: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "img":
            if "alt" not in named:
                self.silent_images += 1
            elif self._words is not None:
                self._words.append(named["alt"] or "")
        elif tag == "a" and named.get("href"):
            self.links.append(named["href"] or "")
            self._words = [named.get("aria-label") or ""]
            if named.get("aria-hidden") == "true":
                self._words.append("hidden")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._words is not None:
            if not "".join(self._words).strip():
                self.silent_links += 1
            self._words = None

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)
