"""Whatever is sent in whatever order: two known contacts stay two, and no event goes from one to the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import ROOT
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.identity import TWO_CONTACTS
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.ingest import keeping, keys

pytestmark = pytest.mark.django_db

BROWSERS = [f"browser-with-a-long-id-{n}" for n in range(3)]
USERS = [f"user-{n}" for n in range(3)]
EMAILS = [f"{name}@example.org" for name in ("a", "b", "c")]


@dataclass(frozen=True)
class Move:
    """One message; ``drain``: everything is processed before the next one."""

    call: str
    browser: int | None = None
    user: int | None = None
    email: int | None = None
    previous: str = ""  # of an alias
    server: bool = True
    drain: bool = False
    again: bool = False  # delivered twice

    def body(self, n: int) -> dict[str, Any]:
        said: dict[str, Any] = {"type": self.call, "messageId": f"message-{n}", "event": "did"}
        if self.browser is not None:
            said["anonymousId"] = BROWSERS[self.browser]
        if self.user is not None:
            said["userId"] = USERS[self.user]
        if self.email is not None:
            said["traits"] = {"email": EMAILS[self.email]}
        if self.call == "alias":
            said["previousId"] = self.previous
        return said


maybe = st.one_of(st.none(), st.integers(0, 2))
moves = st.builds(
    Move,
    call=st.sampled_from(["identify", "identify", "alias", "track", "page"]),
    browser=maybe,
    user=maybe,
    email=maybe,
    previous=st.sampled_from([*BROWSERS, *USERS]),
    server=st.booleans(),
    drain=st.booleans(),
    again=st.booleans(),
)


@dataclass
class World:
    client: Client
    server: str
    public: str

    def play(self, sequence: list[Move]) -> None:
        known: dict[int, str] = {}  # contact → external id, once it has one
        owners: dict[str, int] = {}  # message id → contact, once it has one
        for n, move in enumerate(sequence):
            key = self.server if move.server else self.public
            for _copy in range(1 + move.again):
                answer = self.client.post(
                    f"{ROOT}/batch",
                    json.dumps({"batch": [move.body(n)]}),
                    content_type="text/plain",
                    headers={
                        "Authorization": f"Bearer {key}",
                        "Origin": "" if move.server else "https://a.example",
                    },
                )
                assert answer.status_code == 200
            if move.drain or n == len(sequence) - 1:
                while pipeline.drain(timezone.now()):
                    pass
                self.check(sequence[: n + 1], known, owners)

    def check(self, sequence: list[Move], known: dict[int, str], owners: dict[str, int]) -> None:
        contacts = dict(Contact.objects.values_list("pk", "external_id"))
        for pk, external_id in known.items():
            assert contacts.get(pk) == external_id, "a contact is gone, or somebody else"
        known.update({pk: external_id for pk, external_id in contacts.items() if external_id})
        found = dict(Event.objects.values_list("message_id", "contact"))
        for message_id, owner in owners.items():
            assert found[message_id] == owner, f"{message_id} has gone to somebody else"
        owners.update({message_id: owner for message_id, owner in found.items() if owner})
        claimed: set[str] = set()
        for n, move in enumerate(sequence):
            owner = found.get(f"message-{n}")
            if move.server and move.user is not None and f"message-{n}" in found:
                assert contacts[owner] == USERS[move.user], (
                    "the event is somebody else's than the server says"
                )
                claimed.add(USERS[move.user])
            assert not (owner and not move.server and move.browser is None)
        assert claimed == {external_id for external_id in contacts.values() if external_id}
        dead = InboxItem.objects.exclude(dead_at=None)
        assert not dead.filter(payload__has_key="occurred_at").exists(), [item.error for item in dead]


@pytest.fixture
def world(client: Client, db: None) -> World:
    return World(
        client,
        keys.create("CRM", "server"),
        keys.create("shop", "public", origins="https://a.example", events="did"),
    )


GIVEN_UP = [  # an address goes from one person to another within one batch
    Move("identify", user=0, email=0, drain=True),
    Move("identify", user=0, email=1),
    Move("identify", user=1, email=0),
]


@example(sequence=GIVEN_UP)
@example(sequence=[*GIVEN_UP[:2], Move("identify", user=2, email=2), Move("track", user=1), GIVEN_UP[2]])
@given(sequence=st.lists(moves, min_size=2, max_size=12))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nobody_becomes_somebody_else(world, sequence):
    """Three browsers, three users, three addresses, public and server keys, everything perhaps delivered twice."""
    with transaction.atomic():
        keys._drop()
        keeping.look_again()
        world.play(sequence)
        event(f"{Contact.objects.count()} contacts, {Identity.objects.count()} browsers known")
        transaction.set_rollback(True)


def told(world: World, *sequence: Move) -> list[tuple[str | None, Any]]:
    """The events that are left, as (whose, what is said about the alias)."""
    world.play(list(sequence))
    rows = Event.objects.order_by("message_id").values_list("contact__external_id", "properties")
    return [(whose, properties.get("alias")) for whose, properties in rows]


def test_a_visitor_is_a_contact_from_now_on(world):
    """And was before: its history comes along; saying so again changes nothing."""
    alias = Move("alias", user=0, previous=BROWSERS[0], drain=True)
    found = told(world, Move("page", browser=0, drain=True), alias, alias, Move("page", browser=0))
    assert found == [("user-0", None), ("user-0", True), ("user-0", True), ("user-0", None)]
    assert Identity.objects.get().until is None


def test_two_contacts_stay_two_and_it_is_recorded(world):
    """The event says that nothing was merged, and why."""
    one, two = Move("identify", user=0, drain=True), Move("identify", user=1, drain=True)
    found = told(world, one, two, Move("alias", user=1, previous="user-0"))
    assert found[-1] == ("user-1", False)
    assert Event.objects.latest("pk").properties["reason"] == TWO_CONTACTS
    assert not Identity.objects.exists()


def test_the_browser_of_another_contact(world):
    """Its past stays with the first one; what it does next is nobody's."""
    found = told(
        world,
        Move("identify", browser=0, user=0, drain=True),
        Move("alias", user=1, previous=BROWSERS[0], drain=True),
        Move("page", browser=0),
    )
    assert found == [("user-0", None), ("user-1", False), (None, None)]


def test_chains(world):
    """A visitor becomes a contact; that this one is another contact is refused; the visitor stays with the first."""
    found = told(
        world,
        Move("page", browser=0),
        Move("alias", user=0, previous=BROWSERS[0]),
        Move("alias", user=1, previous="user-0"),
        Move("page", browser=0),
    )
    assert found == [("user-0", None), ("user-0", True), ("user-1", False), ("user-0", None)]


def test_somebody_is_themselves(world):
    """An alias to itself says nothing new."""
    found = told(world, Move("identify", user=0), Move("alias", user=0, previous="user-0"))
    assert found == [("user-0", None), ("user-0", True)]
    assert not Identity.objects.exists()
