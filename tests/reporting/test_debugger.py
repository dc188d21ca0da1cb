from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.reporting import rows
from wagtail_journeys import db, pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.deadletters import dead_letter
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.reporting import tail
from wagtail_journeys.reporting.tail import PAGE, Wanted

pytestmark = pytest.mark.django_db

INDEX = "journeys_debugger:index"


def recorded(count: int = 1, **fields: object) -> None:
    begin = Event.objects.count()
    Event.objects.bulk_create(
        Event(
            **{
                "source": "test",
                "message_id": f"m{begin + n}",
                "name": "seen",
                "occurred_at": rows.START,
                "received_at": rows.START + datetime.timedelta(seconds=begin + n),
                **fields,
            }
        )
        for n in range(count)
    )


def broken(reason: str = "ValueError: x", **fields: object) -> InboxItem:
    """An accepted event that the pipeline could not process."""
    accept(Incoming("shop", "ordered", rows.START, **fields), rows.at(60))
    item = InboxItem.objects.order_by("-pk")[0]
    InboxItem.objects.filter(pk=item.pk).update(dead_at=rows.at(61), error=reason)
    return item


def page(client: Client, **query: object) -> str:
    return client.get(reverse(INDEX), query).content.decode()


def test_it_stands_in_the_menu(admin_client: Client) -> None:
    """The menu "Journeys" leads to the debugger."""
    assert reverse(INDEX) in admin_client.get(reverse("wagtailadmin_home")).content.decode()


def test_nothing_yet(admin_client: Client) -> None:
    """An empty debugger says what to do, and one whose filter finds nothing says that."""
    assert "No event has come in yet." in page(admin_client)
    assert "Nothing like that among the newest events." in page(admin_client, name="x")


def test_what_comes_in_is_there_with_its_state(admin_client: Client) -> None:
    """Recorded, waiting and rejected events stand in one list, the newest first, the rejected ones with their reason."""
    recorded(name="first")
    accept(Incoming("shop", "second", rows.START, anonymous_id="browser-1"), rows.at(30))
    dead_letter({"source": "browser", "name": "third"}, "Nobody knows <b>why</b>.", rows.at(60))
    html = page(admin_client)
    places = [html.find(f">{name}</a>") for name in ("third", "second", "first")]
    assert 0 < places[0] < places[1] < places[2]
    assert "Nobody knows &lt;b&gt;why&lt;/b&gt;." in html
    for state in ("recorded", "waiting", "rejected"):
        assert [line.state for line in tail.page(Wanted(state=state)).lines] == [state]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["ordered", "four", "three", "two", "one"]),
        (Wanted(source="shop"), ["ordered", "two"]),
        (Wanted(name="two"), ["two"]),
        (Wanted(contact="KIM@example.com"), ["ordered", "three"]),
        (Wanted(contact="user-1"), ["three"]),
        (Wanted(contact="browser-1"), ["two"]),
        (Wanted(contact="nobody@example.com"), []),
        (Wanted(bots="only"), ["four"]),
        (Wanted(bots="without"), ["ordered", "three", "two", "one"]),
        (Wanted(state="recorded", source="shop"), ["two"]),
    ],
)
def test_filters(wanted: Wanted, names: list[str]) -> None:
    """Events are found by state, source, name, bots, and by their contact's address, ids or browser."""
    kim = rows.contact("kim@example.com", external_id="user-1")
    recorded(name="one")
    recorded(name="two", source="shop", anonymous_id="browser-1")
    recorded(name="three", contact=kim)
    recorded(name="four", properties={"bot": "crawler"})
    broken(claims={"email": "kim@example.com"})
    assert [line.name for line in tail.page(wanted).lines] == names


def test_pages_hold_every_event_once() -> None:
    """Following "older ones" to the end shows everything once, whatever the mixture of tables."""
    recorded(PAGE + 7)
    for n in range(PAGE + 3):
        dead_letter({"name": f"dead-{n}"}, "x", rows.START + datetime.timedelta(seconds=n))
    seen, before = [], ""
    for _ in range(10):
        found = tail.page(Wanted(), before)
        assert len(found.lines) <= PAGE
        seen += [(line.state, line.pk) for line in found.lines]
        before = found.older
        if not before:
            break
    assert len(seen) == len(set(seen)) == 2 * PAGE + 10


def test_a_rare_event_is_found_further_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks through so many rows and no more; what lies deeper is on an older page."""
    monkeypatch.setattr(tail, "WINDOW", 20)
    recorded(name="rare")
    recorded(50)
    before, pages = "", 0
    while not (found := tail.page(Wanted(name="rare"), before)).lines:
        before, pages = found.older, pages + 1
        assert before
    assert pages == 2
    assert found.lines[0].name == "rare"


def test_a_page_costs_the_same_whatever_there_is() -> None:
    """Three events or three hundred, with their contacts: equally many statements."""
    counts = []
    for count in (3, 300):
        recorded(count, contact=rows.contact())
        with CaptureQueriesContext(connection) as captured:
            [str(line.contact) for line in tail.page(Wanted()).lines]
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6


def test_addresses_made_up_by_hand(admin_client: Client) -> None:
    """Positions, states and numbers that are none do no harm."""
    recorded()
    for query in (
        {"before": "x-y"},
        {"before": "1-"},
        {"before": "9" * 30 + "-1"},
        {"state": "x"},
        {"bots": "x"},
    ):
        assert ">seen</a>" in page(admin_client, **query)
    for address in ("event/999999/", "item/999999/", "act/other/"):
        assert admin_client.get(reverse(INDEX) + address, follow=True).status_code == 404


def test_the_lines_alone(admin_client: Client) -> None:
    """What the page asks for again is the list without the page around it."""
    recorded()
    html = admin_client.get(reverse("journeys_debugger:lines")).content.decode()
    assert ">seen</a>" in html
    assert "<html" not in html
    assert reverse("journeys_debugger:lines") in page(admin_client)
    assert reverse("journeys_debugger:lines") not in page(admin_client, before="1-1")


def test_one_event_with_its_payload(admin_client: Client) -> None:
    """A page of its own shows everything known of an event, recorded or not."""
    recorded(properties={"total": 12, "text": "</pre><script>"}, contact=rows.contact("kim@example.com"))
    event = Event.objects.get()
    html = admin_client.get(reverse("journeys_debugger:line", args=["event", event.pk])).content.decode()
    assert "&quot;total&quot;: 12" in html
    assert "</pre><script>" not in html
    assert "kim@example.com" in html
    item = broken("ValueError: what")
    html = admin_client.get(reverse("journeys_debugger:line", args=["item", item.pk])).content.decode()
    assert "ValueError: what" in html
    assert "Submit again" in html


def test_again_after_a_fix(admin_client: Client) -> None:
    """An event that failed is submitted again, and processed like any other: once."""
    item = broken(claims={"email": "kim@example.com"})
    other = broken(claims={"email": "sam@example.com"})
    for _ in range(2):
        admin_client.post(reverse("journeys_debugger:act", args=["again"]), {"pk": item.pk})
    assert pipeline.drain(rows.at(90)) == 1
    assert Contact.objects.get().email == "kim@example.com"
    assert InboxItem.objects.get().pk == other.pk


def test_all_that_a_filter_shows(admin_client: Client) -> None:
    """First the numbers, then the deed; what was rejected on arrival, or came in since, stays."""
    for _ in range(3):
        broken()
    dead_letter({"source": "shop", "name": "ordered"}, "no", rows.START)
    accept(Incoming("other", "kept", rows.START), rows.START)
    url = reverse("journeys_debugger:act", args=["again"])
    response = admin_client.get(url, {"source": "shop"})
    assert "3 of 4 rejected events can be processed" in response.content.decode()
    assert InboxItem.objects.filter(dead_at=None).count() == 1
    given = response.context["given"]
    broken()
    done = admin_client.post(url, given, follow=True).content.decode()
    assert "3 events were submitted again." in done
    assert InboxItem.objects.filter(dead_at=None).count() == 4
    assert InboxItem.objects.filter(dead_at__isnull=False).count() == 2


def test_deleting_rejected_events(admin_client: Client) -> None:
    """Deletion is confirmed with the number first, and never takes what waits or was recorded."""
    recorded()
    broken()
    dead_letter({"name": "x"}, "no", rows.START)
    accept(Incoming("shop", "kept", rows.START), rows.START)
    url = reverse("journeys_debugger:act", args=["delete"])
    response = admin_client.get(url)
    assert "2 rejected events will be deleted for good." in response.content.decode()
    assert InboxItem.objects.count() == 3
    assert (
        "2 rejected events were deleted."
        in admin_client.post(url, response.context["given"], follow=True).content.decode()
    )
    assert InboxItem.objects.get().payload["name"] == "kept"
    assert Event.objects.count() == 1


def test_a_permission_of_its_own(client: Client, django_user_model: type) -> None:
    """Who may see contacts may not see payloads by that; the permission alone shows no contact's address."""
    editor = django_user_model.objects.create_user("ed", password="x")
    editor.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "view_contact"]))
    client.force_login(editor)
    recorded(contact=rows.contact("kim@example.com"))
    item = broken()
    urls = [
        reverse(INDEX),
        reverse("journeys_debugger:lines"),
        reverse("journeys_debugger:line", args=["item", item.pk]),
        reverse("journeys_debugger:act", args=["delete"]),
    ]
    assert [client.get(url).status_code for url in urls] == [302] * 4
    client.post(urls[3], {"pk": item.pk})
    assert InboxItem.objects.exists()
    editor.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "use_debugger"]))
    assert [client.get(url).status_code for url in urls] == [200] * 4
    assert "kim@example.com" not in client.get(urls[0]).content.decode()


@pytest.mark.slow
def test_it_is_fast_with_many_events() -> None:
    """With more events than a page looks through a page reads a bounded part of the table: no statement looks at all of it."""
    db.insert_rows(
        Event,
        ["source", "message_id", "name", "anonymous_id", "occurred_at", "received_at", "properties", "url"],
        [("test", f"m{n}", "seen", "", rows.START, rows.START, {}, "") for n in range(30_000)],
        returning=(),
    )
    with CaptureQueriesContext(connection) as captured:
        tail.page(Wanted(name="absent"))
    assert all("LIMIT" in query["sql"] or "MAX" in query["sql"] for query in captured.captured_queries)
    floors = [
        query["sql"]
        for query in captured.captured_queries
        if '"wagtail_journeys_event"."id" >=' in query["sql"]
    ]
    assert len(floors) == 1
