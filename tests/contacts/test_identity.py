from __future__ import annotations

import datetime

import pytest

from tests.scenarios.story import START, Story
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.events.inbox import Incoming, accept, accept_many
from wagtail_journeys.events.models import Event, InboxItem

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)


def happen(name: str = "page_view", **event) -> None:
    accept(Incoming(source="test", name=name, occurred_at=START, **event), START)
    while pipeline.drain(START):
        pass


def test_a_stranger_leaves_events_without_a_contact():
    """An anonymous event is in the log, belongs to nobody and makes no contact."""
    happen(anonymous_id="browser-1")
    assert Event.objects.get().contact is None
    assert not Contact.objects.exists()


def test_a_visitor_who_tells_an_address_becomes_a_contact_with_history():
    """What the browser did before belongs to the contact afterwards; evidence says why."""
    happen(anonymous_id="browser-1")
    happen(
        "form_submit",
        anonymous_id="browser-1",
        claims={"email": " Kim@Example.com "},
        traits={"first_name": "Kim"},
    )
    contact = Contact.objects.get()
    assert (contact.email, contact.first_name) == ("kim@example.com", "Kim")
    assert set(contact.events.values_list("name", flat=True)) == {"page_view", "form_submit"}
    assert Identity.objects.get().evidence == "form_submit"
    happen(anonymous_id="browser-1")
    assert contact.events.filter(name="page_view").count() == 2


def test_two_known_people_on_one_browser_stay_two():
    """A second person who identifies on a browser gets their own events; the browser's past stays with the first."""
    happen(anonymous_id="browser-1", claims={"email": "first@example.com"})
    happen("form_submit", anonymous_id="browser-1", claims={"email": "second@example.com"})
    first, second = (
        Contact.objects.get(email="first@example.com"),
        Contact.objects.get(email="second@example.com"),
    )
    assert Identity.objects.get().contact == first
    assert list(second.events.values_list("name", flat=True)) == ["form_submit"]
    assert list(first.events.values_list("name", flat=True)) == ["page_view"]


def test_after_a_second_person_the_browser_is_nobodys():
    """What the browser does after two people identified on it goes on under another id, to neither of them."""
    happen(anonymous_id="browser-1", claims={"email": "first@example.com"})
    happen("form_submit", anonymous_id="browser-1", claims={"email": "second@example.com"})
    happen("later", anonymous_id="browser-1")
    happen("again", anonymous_id="browser-1", claims={"email": "second@example.com"})
    happen("last", anonymous_id="browser-1")
    later, last = Event.objects.get(name="later"), Event.objects.get(name="last")
    assert later.contact is None
    assert last.contact is None
    assert later.anonymous_id == last.anonymous_id != "browser-1"
    assert Event.objects.get(name="again").contact.email == "second@example.com"
    assert Identity.objects.get().until == START


def test_leaving_and_strangers_in_one_batch():
    """Who arrives, leaves and comes after in one batch is told apart by the order of the events alone."""
    for name, claims in (
        ("before", {}),
        ("login", {"external_id": "user-1"}),
        ("during", {}),
        ("logout", {"external_id": "user-1"}),
        ("after", {}),
        ("login", {"external_id": "user-2"}),
        ("still", {}),
    ):
        accept(Incoming("test", name, START, anonymous_id="browser-1", claims=claims), START)
    while pipeline.drain(START):
        pass
    assert list(Event.objects.order_by("id").values_list("name", "contact__external_id")) == [
        ("before", "user-1"),
        ("login", "user-1"),
        ("during", "user-1"),
        ("logout", "user-1"),
        ("after", None),
        ("login", "user-2"),
        ("still", None),
    ]


def test_what_came_in_before_the_end_is_still_the_contacts():
    """An event received before a contact left its browser is the contact's, though it is processed later."""
    happen("login", anonymous_id="browser-1", claims={"external_id": "user-1"})
    accept(Incoming("test", "logout", START + HOUR, anonymous_id="browser-1"), START + HOUR)
    pipeline.drain(START + HOUR)
    accept(Incoming("test", "early", START, anonymous_id="browser-1"), START)
    accept(Incoming("test", "late", START, anonymous_id="browser-1"), START + HOUR)
    while pipeline.drain(START + HOUR):
        pass
    assert dict(Event.objects.values_list("name", "contact__external_id")) == {
        "login": "user-1",
        "logout": "user-1",
        "early": "user-1",
        "late": None,
    }


def test_ending_many_bindings_costs_one_statement(django_assert_max_num_queries):
    """A hundred browsers whose contacts leave are ended together."""
    for step in ("login", "logout"):
        accept_many(
            [
                Incoming("test", step, START, anonymous_id=f"b{n}", claims={"external_id": f"user-{n}"})
                for n in range(100)
            ],
            START,
        )
        InboxItem.objects.update(partition=0)
        with django_assert_max_num_queries(25):
            pipeline.drain(START)
    assert Identity.objects.filter(until=START).count() == 100


def test_known_contacts_are_never_made_one():
    """An event that claims the id of one contact and the address of another goes to the id; both contacts stay."""
    happen(claims={"external_id": "user-1"})
    happen(claims={"email": "kim@example.com", "external_id": "user-2"})
    happen("login", claims={"email": "kim@example.com", "external_id": "user-1"})
    one, two = Contact.objects.get(external_id="user-1"), Contact.objects.get(external_id="user-2")
    assert (one.email, two.email) == (None, "kim@example.com")
    assert one.events.filter(name="login").count() == 1


def test_an_account_and_an_address_come_together_when_neither_has_the_other():
    """A contact known by address gets the external id of the first event that claims both."""
    happen(claims={"email": "kim@example.com"})
    happen("login", claims={"email": "kim@example.com", "external_id": "user-1"})
    contact = Contact.objects.get()
    assert (contact.email, contact.external_id) == ("kim@example.com", "user-1")


def test_several_people_in_one_batch():
    """One batch with strangers, new and known people, in order, gives every event to the right person."""
    Contact.objects.create(email="old@example.com")
    for n in range(6):
        accept(
            Incoming(
                source="test",
                name=f"e{n}",
                occurred_at=START,
                anonymous_id=f"b{n % 2}",
                claims={"email": ["new@example.com", "old@example.com"][n % 2]} if n >= 2 else {},
            ),
            START,
        )
    InboxItem.objects.update(partition=0)
    pipeline.drain(START)
    owners = dict(Event.objects.values_list("name", "contact__email"))
    assert owners == {
        "e0": "new@example.com",
        "e1": "old@example.com",
        "e2": "new@example.com",
        "e3": "old@example.com",
        "e4": "new@example.com",
        "e5": "old@example.com",
    }


def test_an_unknown_time_zone_is_kept_but_not_used():
    """A zone that does not exist never becomes the contact's zone; what was given is kept as an attribute (T1)."""
    happen("identify", claims={"email": "kim@example.com"}, traits={"time_zone": "Mars/Olympus"})
    contact = Contact.objects.get()
    assert contact.time_zone == ""
    assert contact.attributes == {"time_zone_given": "Mars/Olympus"}


def test_a_claim_that_is_no_address_makes_no_contact():
    """Text that cannot be an address identifies nobody, and the event is kept."""
    happen(claims={"email": "not an address"})
    assert not Contact.objects.exists()
    assert Event.objects.count() == 1


def test_traits_never_change_who_somebody_is():
    """An address among the traits is not a claim: it neither moves nor renames a contact."""
    happen(
        "identify", claims={"email": "kim@example.com"}, traits={"email": "boss@example.com", "plan": "pro"}
    )
    contact = Contact.objects.get()
    assert (contact.email, contact.attributes) == ("kim@example.com", {"plan": "pro"})


def test_last_seen_follows_the_events():
    """A contact's last_seen_at is when it last did something, to within five minutes."""
    story = Story()
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    story.after(hours=3)
    kim.did("page_view")
    assert kim.contact.last_seen_at == story.now


@pytest.mark.parametrize(
    ("traits", "country", "given"),
    [
        ({"country": "nl"}, "NL", None),
        ({"country": "UK"}, "GB", None),
        ({"address": {"country": "BE", "city": "Gent"}}, "BE", None),
        ({"country": "FR", "address": {"country": "BE"}}, "FR", None),
        ({"country": "Narnia"}, "", "Narnia"),
        ({"country": ["NL"]}, "", ["NL"]),
        ({"address": "somewhere"}, "", None),
    ],
)
def test_a_country_is_known_by_its_two_letters(traits, country, given):
    """A country that does not exist is kept as an attribute and never used; an address may say the country too."""
    happen("identify", claims={"email": "kim@example.com"}, traits=traits)
    contact = Contact.objects.get()
    assert contact.country == country
    assert contact.attributes.get("country_given") == given
