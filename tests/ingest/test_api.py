from __future__ import annotations

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from wagtail_journeys import ingest, jobs
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import log as event_log
from wagtail_journeys.events.models import InboxItem

pytestmark = pytest.mark.django_db


def only() -> dict:
    (item,) = InboxItem.objects.all()
    assert event_log.read(item).message_id
    return item.payload


@pytest.fixture
def user(db):
    return get_user_model().objects.create_user("noor", email="Noor@Example.org", first_name="Noor")


def test_track():
    """A tracked event is an inbox item with all that was said about it."""
    page = Page.objects.get(depth=2)
    then = timezone.now() - datetime.timedelta(days=400)
    given = ingest.track(
        "order_completed",
        email=" Eva@Example.org",
        anonymous_id="visitor-1",
        properties={"order": 17, "value": 12.5, "lines": [{"sku": "a"}]},
        occurred_at=then,
        message_id="order-17",
        source="shop",
        page=page,
        document=3,
    )
    assert given == "order-17"
    assert only() == {
        "source": "shop",
        "name": "order_completed",
        "message_id": "order-17",
        "occurred_at": then.isoformat(),
        "anonymous_id": "visitor-1",
        "claims": {"email": "eva@example.org"},
        "properties": {"order": 17, "value": 12.5, "lines": [{"sku": "a"}]},
        "page_id": page.pk,
        "document_id": 3,
    }


def test_track_for_a_user(user):
    """A user is known by the account's id and address."""
    given = ingest.track("upgraded", user=user)
    event = only()
    assert event["message_id"] == given
    assert event["claims"] == {"external_id": f"user-{user.pk}", "email": "noor@example.org"}


def test_track_for_a_contact():
    """A contact is named by its key, without claims."""
    contact = Contact.objects.create(email="eva@example.org")
    ingest.track("called", contact=contact)
    event = only()
    assert event["contact_id"] == contact.pk
    assert "claims" not in event


def test_identify(user):
    """Identifying somebody carries claims and traits; what is given wins over what the account says."""
    ingest.identify(
        user=user, traits={"first_name": "Nora", "plan": "gold", "since": datetime.date(2026, 5, 1)}
    )
    event = only()
    assert event["name"] == "identify"
    assert event["claims"] == {"external_id": f"user-{user.pk}", "email": "noor@example.org"}
    assert event["traits"] == {"first_name": "Nora", "plan": "gold", "since": "2026-05-01"}


def test_one_statement(django_assert_num_queries):
    """An event costs one INSERT."""
    with django_assert_num_queries(1):
        ingest.track("clicked", email="eva@example.org")


def test_rolled_back_with_the_caller():
    """The event goes with the transaction it was told in."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ingest.track("ordered", email="eva@example.org")
        raise ZeroDivisionError
    assert not InboxItem.objects.exists()


def test_wakes_after_the_commit(django_capture_on_commit_callbacks, monkeypatch):
    """Whoever processes events is woken once the transaction is committed, not before."""
    woken = []
    monkeypatch.setattr(jobs, "enqueue", woken.append)
    monkeypatch.setattr(jobs, "_last_wake", float("-inf"))
    with django_capture_on_commit_callbacks() as callbacks:
        ingest.track("ordered", email="eva@example.org")
        assert woken == []
    for callback in callbacks:
        callback()
    assert woken == [jobs.TICK]


def test_cleaned():
    """What no database keeps is replaced in properties."""
    ingest.track(
        "ordered", email="eva@example.org", properties={"a\x00": "\ud800", "n": float("nan"), "i": 2**70}
    )
    assert only()["properties"] == {"a\ufffd": "\ufffd", "n": None, "i": str(2**70)}


SOMEBODY = {"email": "eva@example.org"}


def named(value):
    """What a case is called: the same in every process that collects it."""
    return "-".join(value) if isinstance(value, dict) else getattr(value, "__name__", str(value))


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({}, ValueError, "whose event"),
        ({"email": "nobody"}, ValueError, "not an email address"),
        ({"external_id": 17}, TypeError, "str\\(external_id\\)"),
        ({"external_id": "x" * 201}, ValueError, "1 to 200"),
        ({"external_id": "a\x00"}, ValueError, "NUL"),
        ({"user": AnonymousUser()}, ValueError, "anonymous_id"),
        ({"contact": 5}, TypeError, "saved Contact"),
        ({"contact": Contact()}, TypeError, "saved Contact"),
        ({"contact": Contact(pk=1), "email": "eva@example.org"}, ValueError, "either contact"),
        ({"anonymous_id": 5}, TypeError, "must be text"),
        (SOMEBODY | {"name": ""}, ValueError, "no name"),
        (SOMEBODY | {"name": None}, ValueError, "no name"),
        (SOMEBODY | {"name": "n" * 101}, ValueError, "longer than 100"),
        (SOMEBODY | {"name": "identify"}, ValueError, r"identify\(\)"),
        (SOMEBODY | {"name": "journey_entered"}, ValueError, "another name"),
        (SOMEBODY | {"properties": [1]}, TypeError, "must be a dict"),
        (SOMEBODY | {"properties": {1: 2}}, TypeError, "must be text"),
        (SOMEBODY | {"properties": {"user": object()}}, TypeError, "primary key"),
        (SOMEBODY | {"occurred_at": "2026-05-01"}, TypeError, "must be a datetime"),
        (SOMEBODY | {"occurred_at": datetime.datetime(2026, 5, 1)}, ValueError, "make_aware"),  # noqa: DTZ001
        (SOMEBODY | {"occurred_at": datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)}, ValueError, "1970"),
        (
            SOMEBODY | {"occurred_at": datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)},
            ValueError,
            "future",
        ),
        (SOMEBODY | {"message_id": ""}, ValueError, "1 to 100"),
        (SOMEBODY | {"message_id": 5}, TypeError, "str\\(message_id\\)"),
        (SOMEBODY | {"source": "s" * 41}, ValueError, "1 to 40"),
        (SOMEBODY | {"page": "home"}, ValueError, "primary key"),
        (SOMEBODY | {"page": Contact()}, ValueError, "saved instance"),
        (SOMEBODY | {"document": -1}, ValueError, "primary key"),
    ],
    ids=named,
)
def test_track_says_what_is_wrong(arguments, error, says):
    """A call that cannot be right is refused at once, with words that name the way out, and writes nothing."""
    arguments = {"name": "ordered"} | arguments
    with pytest.raises(error, match=says):
        ingest.track(arguments.pop("name"), **arguments)
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({}, ValueError, "who it is"),
        ({"anonymous_id": "a"}, ValueError, "who it is"),
        (SOMEBODY | {"traits": {"email": "x@example.org"}}, ValueError, r"identify\(email=…\)"),
        (SOMEBODY | {"traits": "gold"}, TypeError, "must be a dict"),
        (SOMEBODY | {"traits": {"plan": object()}}, TypeError, "primary key"),
    ],
    ids=named,
)
def test_identify_says_what_is_wrong(arguments, error, says):
    """The same for identify()."""
    with pytest.raises(error, match=says):
        ingest.identify(**arguments)
    assert not InboxItem.objects.exists()
