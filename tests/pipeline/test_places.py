"""Page views that come with an address only find their page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Locale, Page, Site

from tests.scenarios.story import START, Story, did
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.ingest import keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def guide() -> Page:
    """A page of the site www.example.com, with a Dutch translation and one on a site of its own."""
    Site.objects.update(hostname="www.example.com", port=443)
    home = Page.objects.get(depth=2)
    page = home.add_child(instance=Page(title="Warm walls", slug="warm-walls"))
    dutch = Locale.objects.get_or_create(language_code="nl")[0]
    there = home.copy_for_translation(dutch)
    there.save_revision().publish()
    translated = page.copy_for_translation(dutch)
    translated.slug = "warme-muren"
    translated.save_revision().publish()
    shop = home.add_sibling(instance=Page(title="Shop", slug="shop"))
    shop.add_child(instance=Page(title="Warm walls of the shop", slug="warm-walls"))
    Site.objects.create(hostname="shop.example.com", port=443, root_page=shop)
    return page


def seen(*urls: str, name: str = "page_view", **fields: object) -> list[Event]:
    accept_many(
        [Incoming("test", name, START, anonymous_id="b" * 32, url=url, **fields) for url in urls], START
    )
    while pipeline.drain(START):
        pass
    return list(Event.objects.order_by("pk"))


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://www.example.com/en/warm-walls/", "Warm walls"),
        ("https://www.example.com/en/warm-walls?utm_source=x#top", "Warm walls"),
        ("http://www.example.com/en/warm-walls/", "Warm walls"),
        ("https://WWW.example.com/en/warm%2Dwalls/", "Warm walls"),
        ("https://shop.example.com/en/warm-walls/", "Warm walls of the shop"),
        ("https://www.example.com/en", None),
        ("https://www.example.com/en/", None),
        ("https://www.example.com/en/nowhere/", ""),
        ("https://elsewhere.example.com/en/warm-walls/", ""),
        ("https://www.example.com:x/en/warm-walls/", ""),
        ("https://[broken/en/warm-walls/", ""),
        ("nonsense", ""),
    ],
)
def test_the_page_of_an_address(guide: Page, url: str, title: str | None) -> None:
    """An address of one of the sites is its page; the part behind it, and how it is written, do not matter."""
    (event,) = seen(url)
    if title is None:
        title = guide.get_parent().title
    assert (Page.objects.get(pk=event.page_id).title if event.page_id else "") == title
    if title:
        host = "shop.example.com" if "shop" in title else "www.example.com"
        assert event.site_id == Site.objects.get(hostname=host).pk


def test_the_page_in_its_language(guide: Page) -> None:
    """The Dutch address is the Dutch page."""
    (event,) = seen("https://www.example.com/nl/warme-muren/")
    assert Page.objects.get(pk=event.page_id).locale.language_code == "nl"


def test_what_is_known_already_stays(guide: Page) -> None:
    """A page that the sender named is not looked for, and neither are pages of events that are about something else."""
    url = "https://www.example.com/en/warm-walls/"
    assert seen(url, page_id=4711)[0].page_id == 4711
    assert seen(url, name="order_started")[1].page_id is None
    guide.unpublish()
    assert seen(url)[2].page_id is None


def test_conditions_on_pages_work_for_a_site_that_sends_to_the_api(guide: Page, client: Client) -> None:
    """Somebody whose page view came through the API with its address is in the segment of that page's readers."""
    story = Story()
    story.now = timezone.now()
    segment = story.segment("Readers", did("page_view", page=guide.pk))
    key = keys.create("Site", "server")
    message = {
        "userId": "7",
        "context": {"page": {"url": "https://www.example.com/en/warm-walls/"}},
        "writeKey": key,
    }
    assert client.post("/journeys/v1/page", message, content_type="application/json").status_code == 200
    story.run()
    assert segment.memberships.get().contact == Contact.objects.get(external_id="7")


def test_looking_up_costs_the_same_whatever_there_is(guide: Page) -> None:
    """Five addresses or two hundred, known or not: equally many statements."""
    counts = []
    for start, many in ((0, 5), (1000, 5), (2000, 200)):
        urls = [
            "https://www.example.com/en/warm-walls/",
            *(f"https://www.example.com/en/{n}/" for n in range(start, start + many)),
        ]
        accept_many(
            [Incoming("test", "page_view", START, anonymous_id="b" * 32, url=url) for url in urls], START
        )
        with CaptureQueriesContext(connection) as captured:
            pipeline.drain(START, 1000)
        counts.append(len(captured))
        assert not InboxItem.objects.exists()
    assert counts[1] == counts[2]
