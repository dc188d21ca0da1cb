"""The site of the golden journeys: campaigns, contacts, and one history of what they did, drawn once from a seed.

What the engine decides about it is kept in ``decisions.json``. ``python -m tests.golden`` writes that file anew: only when
a decision is meant to be another one, and then the change is looked at line by line.
"""

from __future__ import annotations

import datetime
import json
import random
import uuid
from pathlib import Path
from typing import Any

from tests.scenarios.story import (
    START,
    Person,
    Story,
    attribute,
    branch,
    choose,
    did,
    on_entering,
    on_event,
    on_leaving,
    points,
    record,
    send,
    speaks,
    split,
    until,
    wait,
)
from wagtail_journeys.contacts import consent
from wagtail_journeys.models import Campaign, Journey, Message, Refusal, Topic, Visit

DECISIONS = Path(__file__).parent / "decisions.json"
NAMES = ["ann", "bob", "cas", "dirk", "eva", "fay", "gus", "hana", "ivo", "jet", "kim", "lea"]
ZONES = ["Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", ""]
DAYS = 24
NAMESPACE = uuid.UUID("6f2c6a4e-0000-4000-8000-000000000001")


def named(step: dict[str, Any], name: str) -> dict[str, Any]:
    """The step with an id that stays: who goes where in a split hangs on it."""
    return {**step, "id": str(uuid.uuid5(NAMESPACE, name))}


class World:
    def __init__(self) -> None:
        self.story = Story()
        self.topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
        self.people = [
            self.story.contact(
                f"{name}@example.com",
                uuid=uuid.uuid5(NAMESPACE, name),
                first_name=name.title() if number % 3 else "",
                locale=["nl", "en", "de"][number % 3],
                time_zone=ZONES[number % 4],
                attributes={"plan": ["free", "pro"][number % 2]},
            )
            for number, name in enumerate(NAMES)
        ]
        self.campaigns = self._campaigns()

    def _campaigns(self) -> list[Campaign]:
        story = self.story
        hello = story.template("Hello", nl="Hallo")
        named_mail = story.template("For {{ contact.first_name }}")
        guide, cart = story.template("The guide"), story.template("Your cart")
        readers = story.segment("Readers", did("guide_read", count=2))
        pros = story.segment("Pros", attribute("attribute", "is", "pro", name="plan"))
        return [
            story.campaign(
                "Welcome", on_event("signed_up"), send(hello), wait(2, at="09:00:00"),
                branch(speaks("nl"), yes=[points(5)], no=[points(1)]),
                named(split(("A", 50, [send(guide)]), ("B", 50, [wait(6, "hours"), send(guide)]), control="B"), "halves"),
                topic=self.topic, goal=[on_event("ordered")], goal_window=7,
            ),
            story.campaign(
                "Cart", on_event("cart_left"), until(did("ordered"), amount=1, happened=[points(10)], timed_out=[send(cart)]),
                frequency="every_time", run_key="cart", exclusive_group="shop", priority=10, topic=self.topic,
                exits=[on_event("ordered")],
            ),
            story.campaign(
                "Shop news", on_event("cart_left"), send(hello), frequency="interval", interval=1, interval_unit="weeks",
                exclusive_group="shop", priority=20, topic=self.topic,
            ),
            story.campaign(
                "Readers", on_entering(readers), send(named_mail),
                choose(("pro", attribute("attribute", "is", "pro", name="plan"), [record("pro_reader")]),
                       ("many points", attribute("points", "at_least", "5"), [wait(1, "weeks"), points(2)]),
                       otherwise=[wait(3)]),
                filters=[did("signed_up")],
            ),
            story.campaign("Pro readers", on_event("pro_reader"), wait(1), points(3), frequency="every_time", gap=2, gap_unit="days"),
            story.campaign("Not pro any more", on_leaving(pros), send(hello), topic=self.topic, may_overlap=True, frequency="every_time"),
        ]  # fmt: skip

    # What happens -----------------------------------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """Play the history with a look at the queues after each event and every six hours; returns the decisions."""
        moves = history()
        end = START + datetime.timedelta(days=DAYS)
        regular = [START + datetime.timedelta(hours=hours) for hours in range(0, DAYS * 24, 12)]
        for moment in sorted({*regular, *(move["at"] for move in moves), end}):
            self.story.now = moment
            for move in moves:
                if move["at"] == moment:
                    self._play(self.people[move["who"]], move)
            self.story.run()
        return self.decisions()

    def _play(self, person: Person, move: dict[str, Any]) -> None:
        if move["what"] == "plan":
            person.says(plan=move["plan"])
        elif move["what"] == "unsubscribe":
            consent.record([person.contact], self.topic, consent.REFUSED, "golden", self.story.now)
        else:
            person.did(
                move["what"], message_id=move["id"], properties=move.get("properties") or {}, run=False
            )

    def decisions(self) -> dict[str, Any]:
        return {person.email: self._about(person) for person in self.people}

    def _about(self, person: Person) -> dict[str, Any]:
        found = Journey.objects.filter(contact__email=person.email).select_related("campaign")
        mails = Message.objects.filter(contact__email=person.email).order_by(
            "created_at", "campaign__name", "pk"
        )
        refused = Refusal.objects.filter(contact__email=person.email).order_by("campaign__name", "reason")
        return {
            "journeys": [self._journey(j) for j in found.order_by("entered_at", "campaign__name", "run_key")],
            "emails": [f"{since(m.settled_at)} {m.campaign.name}: {m.subject or '-'} {m.state} {m.reason}".strip() for m in mails],
            "refused": [f"{r.campaign.name}: {r.reason} ×{r.count}" for r in refused],
            "points": person.contact.points,
        }  # fmt: skip

    def _journey(self, journey: Journey) -> dict[str, Any]:
        visits = Visit.objects.filter(journey=journey).select_related("version").order_by("arrived_at", "pk")
        steps = []
        for visit in visits:
            graph = visit.version.graph
            how = f"{visit.outcome or 'there'} {visit.arm} {visit.reason}".strip()
            place = f"{graph['order'].index(visit.step_id) + 1} {graph['nodes'][visit.step_id]['type']}"
            steps.append(f"{since(visit.arrived_at)} {place}: {arm_names(graph, visit, how)}")
        ended = f"{since(journey.ended_at)} {journey.state} {journey.end_reason}".strip()
        return {
            "campaign": f"{journey.campaign.name} {journey.run_key}".strip(),
            "entered": since(journey.entered_at),
            "converted": since(journey.converted_at),
            "steps": steps,
            "ended": ended,
        }


def arm_names(graph: dict[str, Any], visit: Visit, how: str) -> str:
    """Arms of lists are named by random ids: said by their label."""
    arms = graph["nodes"][visit.step_id]["params"].get("arms") or []
    labels = {item["id"]: item["value"]["label"] for item in arms}
    return how.replace(visit.arm, labels.get(visit.arm, visit.arm)) if visit.arm else how


def since(moment: datetime.datetime | None) -> str:
    """Days and time of day since the beginning, in UTC: "3d 09:15"."""
    if moment is None:
        return "-"
    passed = moment - START
    return f"{passed.days}d {passed.seconds // 3600:02}:{passed.seconds // 60 % 60:02}"


def history() -> list[dict[str, Any]]:
    """What they did, in order; some of it is told twice, and some later than it happened."""
    chance = random.Random(20260302)
    moves: list[dict[str, Any]] = []
    for who in range(len(NAMES)):
        day = chance.randrange(0, 4)
        moves.append({"what": "signed_up", "who": who, "at": at(chance, day)})
        for _visit in range(chance.randrange(2, 7)):
            day = min(DAYS - 1, day + chance.randrange(0, 5))
            what = chance.choice(["guide_read", "guide_read", "cart_left", "ordered", "signed_up"])
            moves.append({"what": what, "who": who, "at": at(chance, day)})
            if what == "cart_left":
                moves[-1]["properties"] = {"cart": str(chance.randrange(1, 3))}
        if who % 4 == 3:
            moves.append(
                {"what": "plan", "plan": chance.choice(["free", "pro"]), "who": who, "at": at(chance, 9)}
            )
        if who % 5 == 4:
            moves.append({"what": "unsubscribe", "who": who, "at": at(chance, 5)})
    moves.sort(key=lambda move: (move["at"], move["who"]))
    for number, move in enumerate(moves):
        move["id"] = f"golden-{number}"
    again = [{**move, "at": move["at"] + datetime.timedelta(hours=1)} for move in moves[::7] if move["what"] in ("signed_up", "cart_left", "ordered")]  # fmt: skip
    return sorted([*moves, *again], key=lambda move: (move["at"], move["who"], move["id"]))


def at(chance: random.Random, day: int) -> datetime.datetime:
    return START + datetime.timedelta(
        days=day, hours=chance.randrange(0, 23), minutes=chance.randrange(0, 59, 15)
    )


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DECISIONS.read_text())
    return found
