"""What blocks ask about contacts: lists of pages, conditions and lines of orders, for a whole batch at once."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Locale, Page, PageViewRestriction, Site

from example_site.website.models import ArticleIndexPage, ArticlePage
from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, queue, text
from tests.emails.test_blocks import conditional
from tests.emails.test_composing import BASE, block
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import delivery, rendering
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.emails.needs.items import items
from wagtail_journeys.events.models import Event

pytestmark = pytest.mark.django_db

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    settings.JOURNEYS_BASE_URL = BASE
    cache.clear()


def add(
    parent: Page,
    title: str,
    days_ago: int = 0,
    tags: tuple[str, ...] = (),
    kind: Any = ArticlePage,
    **fields: Any,
) -> Any:
    if kind is ArticlePage:
        fields = {"date": NOW.date(), "author": "Ann", **fields}
    page = parent.add_child(instance=kind(title=title, slug=f"page-{next(_numbers)}", **fields))
    if tags:
        page.tags.add(*tags)
        page.save()
    moment = NOW - datetime.timedelta(days=days_ago)
    Page.objects.filter(pk=page.pk).update(first_published_at=moment)
    return page


@pytest.fixture
def articles() -> Any:
    root = Site.objects.get(is_default_site=True).root_page
    return add(root, "Articles", kind=ArticleIndexPage)


def page_list(rule: str = "newest", **fields: Any) -> dict[str, Any]:
    value = {
        "heading": "", "rule": rule, "pages": [], "section": None, "tag": None, "days": 30, "unseen": False,
        "number": 3, "layout": "small", "words": "Read more",
    }  # fmt: skip
    return block("pages", **{**value, **fields})


def saw(contact: Contact, page: Page, days_ago: int = 1) -> None:
    Event.objects.create(
        source="test",
        message_id=str(next(_numbers)),
        name="page_view",
        contact=contact,
        occurred_at=NOW - datetime.timedelta(days=days_ago),
        received_at=NOW,
        page_id=page.pk,
    )


def contexts(template: EmailTemplate, *contacts: Contact, **fields: Any) -> list[dict[str, Any]]:
    messages = queue(template, *contacts, **fields)
    found = rendering.build_contexts(messages, rendering.choose_versions(messages), NOW)
    return [found[message.pk]["blocks"]["n1"] for message in messages]


def titles(answer: dict[str, Any]) -> list[str]:
    return [item["title"] for item in answer["items"]]


def shown(*blocks: dict[str, Any], contact: Contact | None = None, **fields: Any) -> list[str]:
    """The titles of the list in an email to somebody."""
    (answer,) = contexts(make_template(*blocks, **fields), contact or make_contact())
    return titles(answer)


def test_newest_below_a_section(articles: Any) -> None:
    """The newest published pages below a section that everybody may see, in the language of the email."""
    old, new = add(articles, "Old", 9), add(articles, "New", 1)
    add(articles, "Draft", live=False)
    hidden = add(articles, "Members only")
    PageViewRestriction.objects.create(page=hidden, restriction_type=PageViewRestriction.LOGIN)
    add(Site.objects.get().root_page, "Elsewhere")
    Locale.objects.get_or_create(language_code="nl")
    dutch = articles.copy_for_translation(Locale.objects.get(language_code="nl"), copy_parents=True)
    dutch.save_revision().publish()
    added = add(dutch, "Nieuw", locale=dutch.locale)
    assert shown(page_list(section=articles.pk)) == ["New", "Old"]
    assert shown(page_list(section=articles.pk, number=1)) == ["New"]
    assert shown(page_list(section=articles.pk), language="nl") == ["Nieuw"]
    assert shown(page_list("chosen", pages=[_item(old), _item(new), _item(added)])) == ["Old", "New"]
    new.unpublish()
    assert shown(page_list("chosen", pages=[_item(old), _item(new)])) == ["Old"]


def _item(page: Page) -> dict[str, Any]:
    return {"type": "item", "value": page.pk, "id": str(page.pk)}


def test_most_viewed_and_not_yet_seen(articles: Any) -> None:
    """The most viewed pages of the last days; those that a contact has viewed are left out for that contact alone."""
    pages = [add(articles, f"Page {number}", number) for number in range(4)]
    ann, bob = make_contact(), make_contact()
    for page, times in ((pages[2], 3), (pages[0], 2), (pages[1], 1)):
        for _time in range(times):
            saw(ann, page)
    saw(bob, pages[3], days_ago=40)
    assert shown(page_list("viewed", section=articles.pk)) == ["Page 2", "Page 0", "Page 1"]
    assert shown(page_list("viewed", section=articles.pk, days=60, number=9))[2:] == ["Page 3", "Page 1"]
    template = make_template(page_list(section=articles.pk, unseen=True))
    assert [titles(answer) for answer in contexts(template, ann, bob)] == [
        ["Page 3"],
        ["Page 0", "Page 1", "Page 2"],
    ]


def test_because_you_read(articles: Any) -> None:
    """Pages like the last one that a contact read: with tags in common first, then those beside it; never itself, and
    nothing for whoever has read nothing."""
    other = add(Site.objects.get().root_page, "More articles", kind=ArticleIndexPage)
    read = add(articles, "Read & done", 5, tags=("heat", "roof"))
    add(articles, "Beside", 1)
    add(other, "Alike", 9, tags=("heat",))
    add(other, "Very much alike", 9, tags=("heat", "roof"))
    add(other, "Nothing in common", 0)
    ann, bob = make_contact(), make_contact()
    saw(ann, read)
    template = make_template(page_list("because", number=9))
    for_ann, for_bob = contexts(template, ann, bob)
    assert titles(for_ann)[:3] == ["Very much alike", "Alike", "Beside"]
    assert "Nothing in common" not in titles(for_ann) and "Read & done" not in titles(for_ann)
    assert for_bob["items"] == []
    clock = Clock()
    delivery.deliver(clock, OpenGate(), 10)
    bodies = {letter.to[0]: letter.alternatives[0][0] for letter in mail.outbox}
    assert "Because you read “Read &amp; done”" in bodies[ann.email]
    assert "Because you read" not in bodies[bob.email]


def test_pages_say_what_they_like(articles: Any) -> None:
    """Titles and summaries are printed as they are: never read as Liquid or HTML."""
    hostile = "{{ contact.email }} {% if %} <b>x</b> </mj-text> WJHELD0X"
    add(articles, hostile, introduction=f"{hostile}\nsecond line")
    template = make_template(page_list(section=articles.pk), page_list(section=articles.pk, layout="large"))
    queue(template, make_contact(email="secret@example.com"))
    delivery.deliver(Clock(), OpenGate(), 10)
    (letter,) = mail.outbox
    html = letter.alternatives[0][0]
    assert html.count("{{ contact.email }} {% if %} &lt;b&gt;x&lt;/b&gt; &lt;/mj-text&gt; WJHELD0X") == 4
    assert "secret@" not in html
    assert hostile in letter.body


def test_conditions_are_asked_once(articles: Any) -> None:
    """A condition is asked for all messages together, whatever their number, and so is every list of pages."""
    for number in range(12):
        add(articles, f"Page {number}", number, tags=("heat",))
    read = add(articles, "Read", 20, tags=("heat",))
    template = make_template(
        conditional([text("<p>Dutch</p>")], [text("<p>Other</p>")]),
        page_list(section=articles.pk, unseen=True),
        page_list("viewed"),
        page_list("because", unseen=True),
    )
    counts = []
    for number in (3, 3, 60):
        contacts = [make_contact(locale="nl" if place % 3 else "en") for place in range(number)]
        for contact in contacts:
            saw(contact, read)
        messages = queue(template, *contacts)
        versions = rendering.choose_versions(messages)
        with CaptureQueriesContext(connection) as captured:
            found = rendering.build_contexts(messages, versions, NOW)
        counts.append(len(captured))
        answers = [found[message.pk]["blocks"]["n1"]["shown"] for message in messages]
        assert answers == [contact.locale == "nl" for contact in contacts]
    assert counts[1] == counts[2] <= 60, counts


def test_a_condition_that_cannot_be_read_stops_its_messages_alone() -> None:
    """Messages whose block asks what nobody understands fail with the reason; the others of the batch go out."""
    broken, fine = make_template(conditional([text("<p>x</p>")])), make_template()
    version = broken.versions.get()
    version.needs["n1"]["params"]["rules"] = [{"type": "gone", "value": {}}]
    version.save()
    (bad,) = queue(broken, make_contact())
    (good,) = queue(fine, make_contact())
    delivery.deliver(Clock(), OpenGate(), 10)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (Message.State.FAILED, Message.State.SENT)
    assert "gone" in bad.reason


# Items ----------------------------------------------------------------------------------------------------------------

PARAMS = {
    "path": "cart.lines",
    "fields": {"title": "name", "price": "price", "quantity": "qty", "image": "img", "url": "link"},
    "currency": "currency",
    "number": 20,
    "hosts": ["cdn.example.com"],
}


def ordered(*lines: Any, currency: Any = "EUR") -> list[dict[str, str]]:
    return items(PARAMS, {"currency": currency, "cart": {"lines": list(lines)}}, "nl", BASE)["items"]


def test_items_of_an_order() -> None:
    """Each line of an order with its price in the reader's way of writing, its picture and its link."""
    (line,) = ordered(
        {
            "name": "Draught strip",
            "price": "1234.5",
            "qty": 2,
            "img": "https://cdn.example.com/a.png",
            "link": "/shop/a",
        }
    )
    assert line["title"] == "Draught strip" and line["quantity"] == "2"
    assert line["price"].replace("\xa0", " ") == "€ 1.234,50"
    assert (line["image"], line["url"]) == ("https://cdn.example.com/a.png", f"{BASE}/shop/a")


@pytest.mark.parametrize(
    "url",
    ["https://spy.example/x.gif", "javascript:alert(1)", "http://cdn.example.com/x.png", "https://u:p@cdn.example.com/x",
     "//spy.example/x", "https://cdn.example.com/x\n.png", 'https://cdn.example.com/"onload="x', 7, None, {"a": 1}, "x" * 3000],
)  # fmt: skip
def test_images_of_strangers_are_not_loaded(url: Any) -> None:
    """An image comes from the site or from a host that the brand allows, with TLS, or there is none."""
    (line,) = ordered({"name": "A", "img": url, "link": "javascript:x"})
    assert (line["image"], line["url"]) == (None, None)


@pytest.mark.parametrize(
    "lines", [None, "x", 3, {"a": 1}, [None], [[]], [{"name": {}}], [{"name": float("nan")}]]
)
def test_items_that_are_none(lines: Any) -> None:
    """Whatever an event says, the list is a list of lines."""
    found = items(PARAMS, {"cart": {"lines": lines}}, "xx-yy", BASE)
    assert isinstance(found["items"], list)
    assert items(PARAMS, None, "en", BASE)["items"] == []


def test_items_in_an_email() -> None:
    """Hostile lines of an event stand in the email as the words that they are, and the list ends where it should."""
    template = make_template(
        block(
            "items", heading="Your order", event="", path="lines", title="name", price="price", quantity="qty",
            image="img", url="", currency="EUR", number=3,
        )
    )  # fmt: skip
    event = Event.objects.create(
        source="test", message_id="order", name="order_completed", occurred_at=NOW, received_at=NOW,
        properties={"lines": [{"name": "<b>{{ contact.email }}</b>", "price": 2.5, "img": "https://spy.example/x"}] * 5},
    )  # fmt: skip
    queue(template, make_contact(), entry_event=event.pk)
    queue(template, make_contact())
    delivery.deliver(Clock(), OpenGate(), 10)
    with_order, without = (letter.alternatives[0][0] for letter in mail.outbox)
    assert with_order.count("&lt;b&gt;{{ contact.email }}&lt;/b&gt;") == 3
    assert "€2.50" in with_order and "spy.example" not in with_order
    assert "Your order" in with_order and "Your order" not in without
    assert "- <b>{{ contact.email }}</b>, €2.50" in mail.outbox[0].body


def test_shown_again_as_it_was(articles: Any) -> None:
    """What the blocks were told is kept with the message: shown again it is the same, whatever has changed since."""
    page = add(articles, "As it was")
    (message,) = queue(make_template(page_list(section=articles.pk)), make_contact())
    delivery.deliver(Clock(), OpenGate(), 10)
    page.delete()
    message.refresh_from_db()
    again = rendering.render(message.version, {"site": {"root_url": ""}, **message.context}, message.merge)
    assert "As it was" in again.html and "As it was" in again.text
