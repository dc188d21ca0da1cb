"""A site with a past: contacts, visitors, events, segments and campaigns to be measured on."""

from __future__ import annotations

import datetime
import random
import uuid

from tests.benchmarks.tools import analyse
from tests.scenarios.story import START, Story, attribute, belongs, did, on_entering, on_event, speaks, wait
from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.events.models import Event

NAMES = ["page_view"] * 12 + ["document_download", "form_submit", "login", "video_played", "cart_updated",
                              "order_completed", "search", "shared"]  # fmt: skip
LANGUAGES = ["en", "nl", "de", "fr"]
PLANS = ["free", "pro", "team"]
SEED = 20260302


def contacts(count: int) -> list[int]:
    """Contacts with a browser each; returns their ids."""
    chance = random.Random(SEED)
    made = db.insert_rows(
        Contact,
        ["uuid", "email", "first_name", "last_name", "locale", "time_zone", "country", "attributes", "points",
         "lifetime_value", "orders", "created_at", "last_seen_at"],  # fmt: skip
        [
            (
                uuid.UUID(int=chance.getrandbits(128)), f"person{n}@example.com", f"First{n}", f"Last{n}",
                chance.choice(LANGUAGES), "", "", {"plan": chance.choice(PLANS), "city": f"City {n % 500}"},
                n % 50, 0, 0, START, START - datetime.timedelta(days=1),
            )
            for n in range(count)
        ],
    )  # fmt: skip
    ids = [pk for (pk,) in made]
    db.insert_rows(
        Identity, ["anonymous_id", "contact", "since", "evidence"],
        [(f"browser-{n}", pk, START, "form_submit") for n, pk in enumerate(ids)], returning=(),
    )  # fmt: skip
    return ids


def history(ids: list[int], count: int) -> None:
    chance = random.Random(SEED + 1)
    rows = [
        ("past", str(uuid.UUID(int=chance.getrandbits(128))), chance.choice(NAMES), chance.choice(ids), "",
         START - datetime.timedelta(minutes=chance.randrange(1, 60 * 24 * 90)), START, {"title": f"Page {n % 200}"}, 1,
         n % 200 + 1, None, f"https://example.com/page-{n % 200}/")
        for n in range(count)
    ]  # fmt: skip
    from wagtail_journeys.events.log import COLUMNS

    for part in db.chunks(rows, 5000):
        db.insert_rows(Event, COLUMNS, part, returning=())
    analyse()


def events(count: int, people: int) -> list[Incoming]:
    """What happens next: most of it by known browsers, some by strangers, some told by a server."""
    chance = random.Random(SEED + 2)
    found = []
    for n in range(count):
        name, kind, who = chance.choice(NAMES), chance.random(), chance.randrange(people)
        found.append(
            Incoming(
                source="browser",
                name=name,
                message_id=str(uuid.UUID(int=chance.getrandbits(128))),
                occurred_at=START + datetime.timedelta(seconds=n // 50),
                anonymous_id=f"browser-{who}" if kind < 0.6 else f"stranger-{who}" if kind < 0.9 else "",
                claims={"email": f"person{who}@example.com"} if kind >= 0.9 else {},
                properties={
                    "title": f"Page {n % 200}",
                    "referrer": "https://example.com/",
                    "seconds": n % 300,
                },
                site_id=1,
                page_id=n % 200 + 1,
                url=f"https://example.com/page-{n % 200}/",
            )
        )
    return found


def segments_and_campaigns(story: Story) -> None:
    """50 live segments and 20 live campaigns, as a busy site has them: about one event in ten matches a trigger."""
    segments = []
    for n in range(50):
        name = NAMES[(n * 7) % len(NAMES)]
        rules = [
            [did(name, days=30)],
            [did(name, count=3), speaks(LANGUAGES[n % 4])],
            [attribute("attribute", "is", PLANS[n % 3], name="plan"), did(name, did="did_not", days=14)],
            [attribute("points", "at_least", str(n))],
            [did(name, days=7), did("order_completed", did="did_not")],
        ][n % 5]
        if n % 10 == 9:
            rules = [belongs(segments[n - 4]), speaks("nl")]
        segments.append(story.segment(f"Segment {n}", *rules))
    for n in range(20):
        name = NAMES[12 + n % 8]
        seldom = [{"type": "item", "value": {"property": "seconds", "operator": "at_least", "value": "270"}}]
        trigger = on_entering(segments[n]) if n % 4 == 3 else on_event(name, properties=seldom)
        story.campaign(
            f"Campaign {n}", trigger, wait(1), filters=[speaks(LANGUAGES[n % 4])] if n % 2 else [],
            frequency=["once", "every_time"][n % 2],
        )  # fmt: skip
