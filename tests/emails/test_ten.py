"""Ten emails with every block between them: what they weigh, what they load, who can show them, and what they say."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.emails import caniemail, ten
from tests.emails.reading import Structure, for_others, for_outlook
from tests.emails.test_composing import Everything, leaves_files_open

#: Of the Dutch email only the tags are compared: its footer says what translators say.
DUTCH = "Nieuwsbrief"

GOLDEN = Path(__file__).parent / "golden"

#: Gmail cuts off what is longer than about 102 kB.
MOST = 90_000

#: What some mail programs do not show, and why nobody misses it there.
NOT_MISSED = {
    "css-at-media": "columns stay one below the other, as on a phone; Outlook has their widths in its own comments",
    "css-at-media-prefers-color-scheme": "the email stays light, or the program darkens it its own way",
    "css-color-scheme": "the same",
    "html-meta-color-scheme": "the same",
    "css-border-radius": "corners are square",
    "css-overflow": "the same; and what is hidden has no size",
    "css-max-height": "only of what is hidden",
    "css-opacity": "the same",
    "css-border-spacing": "cells of tables have no space between them in any case: they say cellspacing=0",
    "css-table-layout": "columns of tables are as wide as what is in them",
    "css-height": "images have their height from their width",
    "css-outline": "images have no outline in any case",
    "css-cursor": "the pointer over a button is the usual one",
    "css-word-break": "a long word makes its line wider",
    "css-word-spacing": "it says what is usual",
    "css-white-space": "a price may break over two lines",
    "css-pseudo-class-last-child": "a little more space below the last paragraph",
    "css-selector-child": "only for the dark ground",
    "html-aria-label": "",
    "html-body": "MJML puts the ground on the first element inside, too",
    "html-target": "links open as the program opens links",
}


@leaves_files_open
@pytest.mark.django_db
def test_ten_emails(settings) -> None:
    """Every one is small, whole for Outlook and for the others, loads nothing but the site's images, has words for each of
    them, ends with the receiver's own links, and uses what Gmail, Apple Mail, Outlook and Yahoo show."""
    settings.JOURNEYS_BASE_URL = "https://site.example"
    emails = ten.make()
    assert len(emails) == 10
    missed: dict[str, set[str]] = {}
    for name, rendered in emails:
        assert len(rendered.html.encode()) < MOST, name
        for html in (for_outlook(rendered.html), for_others(rendered.html)):
            assert Structure(html).wrong == [], name
        everything = Everything(rendered.html)
        for image in everything.of("img"):
            assert str(image["src"]).startswith("https://site.example/media/"), name
            assert "alt" in image, name
        links = [str(attrs["href"]) for attrs in everything.of("a")]
        for kind in ("unsubscribe", "preferences", "view"):
            assert any(f"/{kind}/" in link for link in links), (name, kind)
        assert "{{" not in rendered.html + rendered.text and "{%" not in rendered.html + rendered.text
        for feature, client in caniemail.gaps(rendered.html):
            missed.setdefault(feature, set()).add(client)
    assert {feature: clients for feature, clients in missed.items() if feature not in NOT_MISSED} == {}
    assert set(NOT_MISSED) <= set(missed)
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
    for name, rendered in emails:
        path = GOLDEN / f"{ten.slug(name)}.html"
        if os.environ.get("WRITE_GOLDEN"):
            path.write_text(lines(rendered.html, words=not name.startswith(DUTCH)))
        assert lines(rendered.html, words=not name.startswith(DUTCH)) == path.read_text(), (
            f"{path.name}: WRITE_GOLDEN=1 writes it anew"
        )


def lines(html: str, *, words: bool) -> str:
    """One tag a line, and without what differs from run to run."""
    if not words:
        html = re.sub(r">[^<]+(?=<)", ">", html)
    html = re.sub(r"(/journeys/\w+/)[\w-]{20,}", r"\1TOKEN", html)
    html = re.sub(r"_[A-Za-z0-9]{7}(?=[.\w-]*\.(png|jpg))", "", html)
    html = re.sub(r"(?<=/documents/)\d+(?=/)", "N", html)
    return re.sub(r">(?=<)", ">\n", html).strip() + "\n"
