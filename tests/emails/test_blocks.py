"""Blocks that hold others, that come from the brand, and HTML of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.emails.making import make_template, text
from tests.emails.reading import Structure, for_others, for_outlook
from tests.emails.test_composing import BASE, Everything, block, compose, link
from wagtail_journeys.emails import composing, liquid
from wagtail_journeys.emails.blocks import EmailBodyBlock
from wagtail_journeys.emails.composing import Composition
from wagtail_journeys.emails.fragments import EmailFragment
from wagtail_journeys.emails.look import Look
from wagtail_journeys.exceptions import TemplateError
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    settings.JOURNEYS_BASE_URL = BASE


def fill_in(
    source: composing.Source, blocks: dict[str, Any] | None = None, **contact: Any
) -> liquid.Rendered:
    parsed = liquid.parse(source.subject, source.preheader, source.html, source.text)
    site = {"name": "Site", "root_url": BASE}
    return liquid.fill_in(parsed, {"contact": contact, "event": {}, "site": site, "blocks": blocks or {}}, {})


def conditional(content: list[Any], otherwise: list[Any] | None = None) -> dict[str, Any]:
    rules = [block("attribute", field="locale", attribute="", operator="is", value="nl")]
    return block("conditional", match="all", conditions=rules, content=content, otherwise=otherwise or [])


def columns(*inside: list[Any]) -> dict[str, Any]:
    return block("columns", columns=[{"type": "item", "value": blocks} for blocks in inside])


def shown(html: str) -> list[str]:
    """The marks A, B, … of a test that somebody sees."""
    return [mark for mark in "ABCDEF" if f"mark {mark}" in html]


def mark(letter: str) -> dict[str, Any]:
    return text(f"<p>mark {letter}</p>")


@pytest.mark.parametrize("wide", [False, True])
def test_only_for_some(wide: bool) -> None:
    """Nested blocks are shown to those for whom the condition holds, in HTML and text, and the email stays whole
    for every mail program."""
    inside, others = [mark("B")], [mark("C")]
    if wide:
        inside.append(columns([mark("D")], [mark("E")]))
    source = compose(conditional(inside, others), mark("A"), conditional([mark("F")]), mark("A"))
    assert len(source.needs) == 1
    (name,) = source.needs
    assert source.needs[name]["params"]["rules"][0]["type"] == "attribute"
    yes = fill_in(source, {name: {"shown": True}})
    no = fill_in(source, {name: {"shown": False}})
    everything = ["A", "B", "D", "E", "F"] if wide else ["A", "B", "F"]
    assert shown(yes.html) == shown(yes.text) == everything
    assert shown(no.html) == shown(no.text) == ["A", "C"]
    for email in (yes, no):
        for html in (for_outlook(email.html), for_others(email.html)):
            assert Structure(html).wrong == []
        assert "{%" not in email.html + email.text


def test_conditions_around_columns() -> None:
    """Sections that are left out at the beginning, in the middle and at the end leave an email that Outlook can read."""
    wide = [columns([mark("B")], [mark("C")])]
    source = compose(conditional(wide), mark("A"), conditional(wide), conditional(wide))
    for answer in (True, False):
        html = fill_in(source, {"n1": {"shown": answer}}).html
        assert Structure(for_outlook(html)).wrong == []
        assert Structure(for_others(html)).wrong == []


def test_columns() -> None:
    """Two or three columns share the width, one below the other where there is none, and stand in the text in order."""
    source = compose(columns([mark("A")], [mark("B")], [mark("C")]))
    assert source.html.count("mj-column-per-33") >= 3
    assert "min-width:480px" in source.html
    assert source.text.index("mark A") < source.text.index("mark B") < source.text.index("mark C")
    kind = EmailBodyBlock().child_blocks["columns"]
    (one,) = with_ids([columns([mark("A")])])
    with pytest.raises(ValidationError):
        kind.clean(kind.to_python(one["value"]))


def test_quote_and_social() -> None:
    """A quote says by whom; social links are words with addresses of the block's own, no icons of anybody's."""
    profiles = [{"type": "item", "value": {"name": "Mastodon & co", "url": "https://social.example/@us"}}]
    source = compose(
        block("quote", words="It is warm < {{ contact.city }}", who="Ann"),
        block("social", align="center", profiles=profiles),
        block("social", align="left", profiles=[]),
    )
    email = fill_in(source, city="<Delft>")
    assert "It is warm &lt; &lt;Delft&gt;" in email.html
    assert "> It is warm < <Delft>\n> — Ann" in email.text
    assert "Mastodon &amp; co" in email.html and "Mastodon & co: https://social.example/@us" in email.text
    assert not Everything(email.html).of("img")


def test_raw_html_is_made_harmless() -> None:
    """HTML of one's own keeps its words, links and tables; what does something or loads from elsewhere is gone."""
    dirty = """
    <table><tr><td style="color:red;position:fixed;background:url(https://spy.example/x.png)" onclick="x()">Price
    {{ contact.city }}</td></tr></table><script>alert(1)</script><style>@import "https://spy.example"</style>
    <form action="https://spy.example"><input name="a"></form><iframe src="https://spy.example"></iframe>
    <a href="javascript:alert(1)">bad</a> <a href="/prices/?c={{ contact.city }}">good</a>
    <img src="https://spy.example/p.gif" alt="x"><img src="/media/a.png" alt="own"><svg><use href="https://spy.example"/></svg>
    <img src="https://cdn.example.com/b.png" alt="allowed"><img src="{{ contact.city }}" alt="y"></mj-text></td></table>
    """
    composition = Composition("en", BASE, Look(image_hosts=frozenset({"cdn.example.com"})))
    html = composition.raw_html(dirty)
    for gone in ("spy.example", "script", "onclick", "position", "form", "iframe", "svg", "mj-text"):
        assert gone not in html, gone
    assert "color:red" in html and "{{ contact.city }}" in html
    assert f'href="{BASE}/prices/?c={{{{ contact.city }}}}"' in html
    assert composition.images == {f"{BASE}/media/a.png", "https://cdn.example.com/b.png"}
    source = compose({"type": "html", "value": dirty})
    email = fill_in(source, city="<b>Delft</b>")
    assert "&lt;b&gt;Delft" in email.html and "Delft" in email.text
    assert Structure(for_others(email.html)).wrong == []


def fragment(*blocks: dict[str, Any], language: str = "en", **fields: Any) -> EmailFragment:
    from wagtail.models import Locale

    locale, _created = Locale.objects.get_or_create(language_code=language)
    made = EmailFragment(name="Closing", locale=locale, **fields)
    made.body = with_ids(list(blocks))
    made.save()
    made.save_revision().publish()
    return made


def test_fragment_in_the_language_of_the_email() -> None:
    """An email shows the fragment in its own language where there is a published translation, else as it was chosen."""
    english = fragment(text("<p>Warm regards {{ contact.city }}</p>"))
    shows = block("fragment", fragment=english.pk)
    assert "Warm regards Delft" in fill_in(compose(shows, language="nl"), city="Delft").html
    fragment(text("<p>Hartelijke groet</p>"), language="nl", translation_key=english.translation_key)
    assert "Hartelijke groet" in compose(shows, language="nl").text
    assert "Warm regards" in compose(shows).text
    EmailFragment.objects.filter(pk=english.pk).update(live=False)
    with pytest.raises(TemplateError, match="not published"):
        compose(shows)


def test_nobody_names_what_blocks_are_told() -> None:
    """What blocks ask about contacts is theirs: a merge tag of an editor's cannot read it."""
    with pytest.raises(TemplateError, match="blocks"):
        compose(text("<p>{{ blocks.n1.shown }}</p>"))


def test_unfinished_blocks_are_said_at_their_fields() -> None:
    """A condition without rules, a list without pages and a tag that is missing are errors where they stand."""
    blocks = EmailBodyBlock().child_blocks
    lists = {"rule": "chosen", "pages": [], "layout": "small", "number": 3, "days": 30, "words": ""}
    for kind, value in (
        ("conditional", conditional([mark("A")])["value"] | {"conditions": []}),
        ("conditional", conditional([])["value"]),
        ("pages", lists),
        ("pages", {**lists, "rule": "tag"}),
    ):
        with pytest.raises(ValidationError):
            blocks[kind].clean(blocks[kind].to_python(value))


def test_button_in_a_column_is_checked_too() -> None:
    """What stands inside of columns is checked like the rest."""
    with pytest.raises(TemplateError):
        compose(columns([block("button", words="x", link=link(url="ftp://x"))], [mark("A")]))
    assert make_template(columns([mark("A")], [mark("B")])).versions.exists()
