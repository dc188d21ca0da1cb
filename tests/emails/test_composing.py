from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page, Site

from tests.emails.making import make_template, text
from wagtail_journeys.emails import composing, liquid
from wagtail_journeys.emails.blocks import EmailBlock, EmailBodyBlock
from wagtail_journeys.emails.composing import Composition
from wagtail_journeys.exceptions import TemplateError

pytestmark = pytest.mark.django_db

BASE = "https://site.example"

#: Wagtail leaves the temporary file of a new rendition to the garbage collector.
leaves_files_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    settings.JOURNEYS_BASE_URL = BASE
    cache.clear()  # it remembers renditions of another test's image with the same number


@pytest.fixture
def page() -> Page:
    root = Site.objects.get(is_default_site=True).root_page
    return root.add_child(
        instance=Page(title="Fish & {{ chips }}", slug="fish", search_description="What we eat")
    )


@pytest.fixture
def image() -> Any:
    return get_image_model().objects.create(title="A boat", file=get_test_image_file(size=(1600, 800)))


@pytest.fixture
def document() -> Any:
    return get_document_model().objects.create(
        title="Price <list>", file=ContentFile(b"x", name="prices.pdf")
    )


def compose(*blocks: dict[str, Any], **fields: Any) -> composing.Source:
    return composing.compose(make_template(*blocks, compiled=False, **fields))


def fill_in(source: composing.Source, **contact: Any) -> liquid.Rendered:
    parsed = liquid.parse(source.subject, source.preheader, source.html, source.text)
    return liquid.fill_in(
        parsed, {"contact": contact, "event": {}, "site": {"name": "Site", "root_url": BASE}}, {}
    )


def block(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value}


def link(**chosen: Any) -> dict[str, Any]:
    return {"page": None, "document": None, "url": "", **chosen}


class Everything(HTMLParser):
    """Tags and attributes of an email, conditional comments left aside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@leaves_files_open
def test_every_block(page: Page, image: Any, document: Any) -> None:
    """An email of all blocks compiles, loads nothing but its own images, and has a text part with every link."""
    source = compose(
        block("heading", words="Hello {{ contact.first_name }} & all", level="1"),
        text(f'<p>Read <a linktype="page" id="{page.pk}">this</a> or <a href="/pricing/">that</a></p>'),
        block("image", image=image.pk, alt='A "boat" <b>', link=link(page=page.pk)),
        block(
            "button",
            words="Buy < now",
            link=link(url="https://shop.example/?a=1&b={{ contact.email | url_encode }}"),
        ),
        block("button", words="Get it", link=link(document=document.pk)),
        block("page", page=page.pk, words="Read more"),
        block("document", document=document.pk, words=""),
        {"type": "divider", "value": None},
        {"type": "space", "value": "32"},
    )
    email = fill_in(source, first_name="<Ann>", email="a+b@example.com")
    found = Everything(email.html)
    images = found.of("img")
    assert [attrs["alt"] for attrs in images] == ['A "boat" <b>']
    assert all(str(attrs["src"]).startswith(f"{BASE}/media/") for attrs in images)
    for attrs in found.of("a"):
        assert str(attrs["href"]).startswith(("https://", "http://")), attrs
    assert not found.of("script") and not found.of("link")
    assert "Hello &lt;Ann&gt; &amp; all" in email.html
    assert "Fish &amp; {{ chips }}" in email.html
    assert "Price &lt;list&gt;" in email.html
    assert "Hello <Ann> & all\n===" in email.text
    assert "Fish & {{ chips }}\nWhat we eat\nRead more: http" in email.text
    assert f"[that]({BASE}/pricing/)" in email.text
    assert "Buy < now: https://shop.example/?a=1&b=a%2Bb%40example.com" in email.text
    assert f"Price <list>: {BASE}{document.url}" in email.text
    assert "<" not in email.text.replace("<Ann>", "").replace("Buy < now", "").replace("<list>", "").replace(
        "<b>", ""
    )


def test_no_third_party(page: Page) -> None:
    """No address outside of the email's own links and images appears in it."""
    email = fill_in(compose(block("heading", words="Hi", level="1"), text("<p>x</p>")))
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", email.html))
    assert addresses == {"http://www.w3.org/1999/xhtml"}


def test_stranger_is_refused() -> None:
    """An image that a block did not announce stops the email from being compiled."""
    composition = Composition("en", BASE)
    announced = composition.image("/media/a.png")
    frame = "<mjml><mj-body><mj-section><mj-column>%s</mj-column></mj-section></mj-body></mjml>"
    assert f"{BASE}/media/a.png" in composition.compile(frame % f'<mj-image src="{announced}" alt="" />')
    for stranger in (
        '<mj-image src="https://spy.example/pixel.gif" alt="" />',
        '<mj-raw><img src="https://spy.example/pixel.gif" /></mj-raw>',
        '<mj-raw><div style="background:url(https://spy.example/a.png)"></div></mj-raw>',
        '<mj-raw><link rel="stylesheet" href="https://spy.example/a.css" /></mj-raw>',
    ):
        with pytest.raises(TemplateError, match=r"spy\.example"):
            composition.compile(frame % stranger)


def test_unknown_mjml_is_refused() -> None:
    """A component that the compiler would drop in silence is named instead."""
    with pytest.raises(TemplateError, match="mj-foo"):
        Composition("en", BASE).compile("<mjml><mj-body><mj-foo>x</mj-foo></mj-body></mjml>")


def test_rich_text_is_sanitised() -> None:
    """Scripts, handlers, styles and images in rich text do not reach the email; its words do."""
    dirty = (
        '<p onclick="x()" style="position:fixed">Hello <script>alert(1)</script><img src="https://spy.example/a.gif">'
        '<iframe src="https://spy.example"></iframe><b>bold</b></p>'
    )
    html = fill_in(compose(text(dirty))).html
    for gone in ("alert(1)", "onclick", "position:fixed", "spy.example", "<iframe"):
        assert gone not in html
    assert "<b>bold</b>" in html


@pytest.mark.parametrize(
    "mess", ["</mj-text></mj-column>", "a < 3 > 2 & b", "<p>unclosed <b>", "WJHELD0X", "<!-- --><![if"]
)
def test_editors_words_are_safe_in_mjml(mess: str) -> None:
    """Whatever an editor writes, the email around it stays whole."""
    source = compose(
        block("heading", words=mess, level="1"), text(f"<p>{mess}</p>"), subject="Before", preheader=mess
    )
    html = fill_in(source).html
    assert html.count("<body") == html.count("</body>") == 1
    assert "{{" not in html


def test_liquid_across_paragraphs() -> None:
    """A condition may span paragraphs; formatting and entities inside a tag do not matter."""
    body = (
        "<p>{% if contact.points &gt; 3 %}</p><p>Gold {{ <b>contact.first_name</b>&nbsp;| default: &quot;friend&quot; }}</p>"
        "<p>{% else %}</p><p>Silver</p><p>{% endif %}</p>"
    )
    source = compose(text(body))
    rich, poor = fill_in(source, points=5), fill_in(source, points=1)
    assert "Gold friend" in rich.text and "Silver" not in rich.text
    assert "Silver" in poor.text and "Gold" not in poor.text
    assert "Gold friend" in rich.html and "Silver" not in rich.html
    assert "\n\n\n" not in poor.text


def test_liquid_in_links() -> None:
    """Quotes inside a link's merge tag survive sanitising, and its value is made fit for a URL."""
    source = compose(
        text('<p><a href="/x?n={{ contact.n | default: &quot;a b&quot; | url_encode }}">go</a></p>')
    )
    assert f'href="{BASE}/x?n=a+b"' in fill_in(source).html
    assert f'href="{BASE}/x?n=%22%3E%3Cb%3E"' in fill_in(source, n='"><b>').html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://{{ contact.host }}/",
        "https://a.example{{ contact.x }}",
        "ftp://x/",
    ],
)
def test_bad_links_are_refused(url: str) -> None:
    """A link that may not stand in an email is an error at its field, and never compiled."""
    button = EmailBodyBlock().child_blocks["button"]
    with pytest.raises(ValidationError):
        button.clean(button.to_python({"words": "x", "link": link(url=url)}))
    with pytest.raises(TemplateError):
        compose(block("button", words="x", link=link(url=url)))


def test_button_leads_somewhere(page: Page) -> None:
    """A button needs exactly one place that it leads to; an image may have none, and needs its alternative text."""
    button = EmailBodyBlock().child_blocks["button"]
    for chosen in (link(), link(page=page.pk, url="https://a.example/")):
        with pytest.raises(ValidationError):
            button.clean(button.to_python({"words": "x", "link": chosen}))
    assert button.clean(button.to_python({"words": "x", "link": link(page=page.pk)}))
    picture = EmailBodyBlock().child_blocks["image"]
    assert picture.child_blocks["link"].optional
    assert picture.child_blocks["alt"].required


def test_bad_merge_tags_are_said_at_the_field() -> None:
    """A merge tag that cannot be read is an error of the block that it stands in."""
    blocks = EmailBodyBlock().child_blocks
    with pytest.raises(ValidationError):
        blocks["heading"].clean(blocks["heading"].to_python({"words": "{{ contact. }}", "level": "1"}))
    with pytest.raises(ValidationError):
        blocks["text"].clean(blocks["text"].to_python("<p>{{ contact.name | }}</p>"))


def test_deleted_page(page: Page) -> None:
    """An email that shows a page which is gone cannot be compiled."""
    blocks = block("page", page=page.pk, words="More")
    compose(blocks)
    page.delete()
    with pytest.raises(TemplateError, match="deleted"):
        compose(blocks)


@leaves_files_open
def test_images_are_sharp(image: Any) -> None:
    """Images come as files that mail programs show, at twice the width of an email."""
    source = compose(block("image", image=image.pk, alt="x", link=link()))
    (rendition,) = image.renditions.all()
    assert rendition.width == 1200
    assert rendition.url in source.html


def test_language_and_direction() -> None:
    """The email says its language and its direction, and the footer speaks it."""
    dutch, arabic = compose(text("<p>x</p>"), language="nl"), compose(text("<p>x</p>"), language="ar")
    assert 'lang="nl" dir="ltr"' in dutch.html
    assert 'lang="ar" dir="rtl"' in arabic.html
    assert "color-scheme" in dutch.html


def test_tags() -> None:
    """The merge tags of all parts are listed."""
    source = compose(
        text("<p>{{ contact.first_name }}</p>"),
        subject="{{ event.document_title }}",
        preheader="{{ contact.city }}",
    )
    assert source.tags == ["contact.city", "contact.first_name", "event.document_title"]


def test_own_block_is_one_class() -> None:
    """A block of a site's own needs only to write its MJML and its text; a hook puts it among the others."""
    from wagtail import blocks, hooks

    class Shout(EmailBlock, blocks.CharBlock):
        def mjml(self, value: Any, ctx: Composition) -> str:
            return f"<mj-text>{ctx.words(value)}!</mj-text>"

        def text(self, value: Any, ctx: Composition) -> str:
            return f"{value}!"

    with hooks.register_temporarily("register_email_blocks", lambda: [("shout", Shout())]):
        body = EmailBodyBlock()
    template = make_template(compiled=False)
    template.body = blocks.StreamValue(body, [("shout", "Hi <{{ contact.first_name }}>")])
    email = fill_in(composing.compose(template), first_name="Ann")
    assert "Hi &lt;Ann&gt;!" in email.html
    assert "Hi <Ann>!" in email.text


def test_block_of_a_stranger() -> None:
    """A block that does not know emails is refused with its name."""
    from wagtail import blocks

    class Body(EmailBodyBlock):
        plain = blocks.CharBlock()

    template = make_template(compiled=False)
    template.body = blocks.StreamValue(Body(), [("plain", "x")])
    with pytest.raises(TemplateError, match="plain"):
        composing.compose(template)
