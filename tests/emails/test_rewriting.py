from __future__ import annotations

import re
import time
from html import unescape

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.emails.making import (
    NOW,
    Clock,
    OpenGate,
    grant,
    make_contact,
    make_template,
    make_topic,
    queue,
    text,
)
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import delivery, letters, links, liquid, rewriting, utm
from wagtail_journeys.emails.hit_models import Link
from wagtail_journeys.emails.models import EmailTemplate, Message

SHOP = "https://shop.example/chairs/?colour=red&size=2"
#: An email with every sort of link.
BODY = text(
    f'<p><a href="{SHOP.replace("&", "&amp;")}">Chairs</a> <a href="https://other.example/a">Other</a>'
    ' <a href="mailto:we@site.example">Write</a> <a href="tel:+31201234567">Call</a>'
    " <a href=\"{{ contact.attributes.page | default: 'https://site.example/none' }}\">Yours</a>"
    ' <a href="{{ confirm_url }}">Confirm</a></p>'
)


def hrefs(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'<a\s[^>]*?href="([^"]*)"', html)]


def agree(*contacts: Contact, opens: bool = True, clicks: bool = True) -> None:
    if opens:
        grant(consent.purpose(consent.OPEN_TRACKING), *contacts)
    if clicks:
        grant(consent.purpose(consent.CLICK_TRACKING), *contacts)


def written(*messages: Message) -> list[str]:
    return [letter.html for letter in letters.write(messages, NOW).letters]


def template(*blocks: dict) -> EmailTemplate:
    return make_template(*(blocks or [BODY]))


def token_of(url: str) -> tuple[str, object, int] | None:
    return links.read_hit_token(url.rpartition("/")[2].removesuffix(".gif"))


@pytest.mark.django_db
@pytest.mark.parametrize(("opens", "clicks"), [(False, False), (True, False), (False, True), (True, True)])
def test_consent_decides(opens: bool, clicks: bool, settings) -> None:
    """Links are counted and a pixel is there exactly where this contact agreed; otherwise links lead where they say."""
    settings.JOURNEYS_UTM = {}
    contact = make_contact(attributes={"page": "https://site.example/you?a=1&b=2"})
    agree(contact, opens=opens, clicks=clicks)
    (message,) = queue(template(), contact, topic=make_topic())
    (html,) = written(message)
    found = hrefs(html)
    assert ('width="1"' in html) is opens
    if not clicks:
        assert found[:4] == [
            SHOP,
            "https://other.example/a",
            "mailto:we@site.example",
            "tel:+31201234567",
        ]
        assert found[4] == "https://site.example/you?a=1&b=2"
        assert not Link.objects.exists()
        assert "aria-hidden" not in html
        return
    assert [token_of(url) for url in found[:2]] == [("click", message.uuid, 0), ("click", message.uuid, 1)]
    assert found[2:4] == ["mailto:we@site.example", "tel:+31201234567"]
    assert token_of(found[4]) == ("click", message.uuid, rewriting.FIRST_VARYING)
    assert "/confirm/" in found[5]
    for url, name in zip(found[6:9], ("unsubscribe", "preferences", "view"), strict=True):
        assert f"/{name}/" in url
    assert token_of(found[9]) == ("click", message.uuid, rewriting.TRAP)
    assert SHOP not in unescape(html)
    assert "site.example/you" not in html
    assert Link.objects.get(message=message).url == "https://site.example/you?a=1&b=2"
    assert list(
        Link.objects.filter(version__isnull=False).order_by("number").values_list("url", "varies")
    ) == [
        (SHOP, False),
        ("https://other.example/a", False),
        ("{{ contact.attributes.page | default: 'https://site.example/none' | safe_url }}", True),
    ]


@pytest.mark.django_db
def test_text_has_the_same_links(settings) -> None:
    """Who reads plain text follows the same counted links; what only looks like one of them stays."""
    settings.JOURNEYS_UTM = {}
    body = text(
        f'<p><a href="{SHOP.replace("&", "&amp;")}">Chairs</a>, see https://unknown.example/x and'
        ' <a href="https://other.example/a">one</a> <a href="https://other.example/a{{ contact.points }}">two</a></p>'
    )
    contact = make_contact()
    agree(contact)
    (message,) = queue(template(body), contact)
    (letter,) = letters.write([message], NOW).letters
    urls = re.findall(r"https?://[^\s)]+", letter.text)
    assert token_of(urls[0]) == ("click", message.uuid, 0)
    assert urls[1] == "https://unknown.example/x"
    assert token_of(urls[2]) == ("click", message.uuid, 1)
    assert urls[3] == "https://other.example/a0"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(liquid.PLAIN))
def test_links_with_which_readers_decide(name: str) -> None:
    """Unsubscribing, confirming and the like never pass by a counter, also where the template calls them otherwise."""
    contact = make_contact()
    agree(contact)
    body = text(
        f'<p><a href="{{{{ {name} }}}}">A</a> {{% assign other = {name} %}}<a href="{{{{ other }}}}">B</a></p>'
    )
    (message,) = queue(template(body), contact, topic=make_topic())
    (html,) = written(message)
    assert [url for url in hrefs(html) if token_of(url)] == [hrefs(html)[-1]]  # the one that nobody sees
    assert len(set(hrefs(html)[:2])) == 1


@pytest.mark.django_db
def test_links_that_stay(settings) -> None:
    """A link named by the site or marked in its HTML is not counted, and the mark does not reach the receiver."""
    settings.JOURNEYS_UNTRACKED_LINKS = ["https://bank.example/"]
    html = '<a class="x>y" data-journeys-no-track href="https://a.example/">A</a><a href="https://bank.example/1">B</a>'
    marked = rewriting.mark(html + '<a title="t" href="https://c.example/">C</a>', "")
    assert [place.url for place in marked.places] == ["https://c.example/"]
    assert "no-track" not in marked.html


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.example/' + '{{ x | append: "y" }}' * 300,  # a quote that never ends
        "<a " * 3000,
        '<a href="https://a.example/" href="javascript:x">',
    ],
)
def test_hostile_html_takes_no_time(html: str) -> None:
    """HTML that is no HTML is left as it is, quickly."""
    began = time.perf_counter()
    marked = rewriting.mark(html, "")
    assert time.perf_counter() - began < 1
    assert len(marked.places) <= 1


@pytest.mark.django_db
def test_values_cannot_pretend_to_be_links() -> None:
    """What contacts say about themselves never becomes a counted link, nor where one leads to."""
    attempt = "\x020:https://evil.example/\x02"
    contact = make_contact(
        first_name=attempt + '"><a href="https://evil.example/">', attributes={"page": "javascript:alert(1)"}
    )
    agree(contact)
    body = text('<p>Hi {{ contact.first_name }} <a href="https://a.example/">A</a></p>')
    (message,) = queue(template(body), contact)
    (html,) = written(message)
    assert [token_of(url) for url in hrefs(html)][:1] == [("click", message.uuid, 0)]
    assert [link.url for link in Link.objects.all()] == ["https://a.example/"]


@pytest.mark.django_db
def test_own_links_name_the_email(settings) -> None:
    """Links to the site itself say to its web statistics which email they stood in, for everybody alike."""
    settings.JOURNEYS_BASE_URL = "https://www.shop.example"
    template = make_template(
        text(
            '<p><a href="https://www.shop.example/?a=1&amp;utm_medium=print#top">A</a>'
            ' <a href="https://other.example/">B</a></p>'
        ),
        name="Spring sale",
    )
    (message,) = queue(template, make_contact())
    (html,) = written(message)
    own = "https://www.shop.example/?a=1&utm_medium=print&utm_source=shop.example&utm_content=spring-sale#top"
    assert hrefs(html)[:2] == [own, "https://other.example/"]


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://shop.example/a", True),
        ("https://deep.below.example/", True),
        ("https://below.example/", True),
        ("https://notbelow.example/", False),
        ("https://other.example/", False),
        ("https://site.example.evil.example/", False),
        ("https://[broken/", False),
    ],
)
def test_own_hosts(url: str, own: bool, settings) -> None:
    settings.JOURNEYS_UTM_DOMAINS = ["shop.example", ".below.example"]
    assert utm.is_own(url, "https://site.example") is own
    tagged = utm.tagged(url, {"utm_source": "x y"}, "https://site.example")
    assert tagged == (f"{url}?utm_source=x+y" if own else url)


@pytest.mark.django_db
def test_statements_do_not_grow() -> None:
    """Writing fifty letters with counted links costs as many statements as writing two."""
    sent = template()
    counts = []
    for number in (2, 2, 50):
        people = [make_contact(attributes={"page": "https://site.example/x"}) for _number in range(number)]
        agree(*people)
        messages = queue(sent, *people)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert len(letters.write(messages, NOW).letters) == number
        counts.append(len(found))
    assert counts[1] == counts[2]
    assert counts[0] == counts[1] + 2  # the links of the version, once
    assert Link.objects.filter(message__isnull=False).count() == 54


@pytest.mark.django_db
def test_a_message_that_is_tried_again_keeps_its_links() -> None:
    """What a merge tag says now is where the link leads, whatever it said at the first try."""
    contact = make_contact(attributes={"page": "https://site.example/old"})
    agree(contact)
    (message,) = queue(template(), contact)
    letters.write([message], NOW)
    Contact.objects.update(attributes={"page": "https://site.example/new"})
    assert delivery.deliver(Clock(NOW), OpenGate(), 10).sent == 1
    assert Link.objects.get(message=message).url == "https://site.example/new"
    html = mail.outbox[-1].alternatives[0][0]
    assert len({url for url in hrefs(html) if token_of(url)}) == 4
