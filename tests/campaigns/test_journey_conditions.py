"""What steps can ask about a journey: the queries agree with a plain reading, and cost the same for many as for few."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from tests.scenarios.story import START
from wagtail_journeys.campaigns import asking, conditions
from wagtail_journeys.campaigns.steps.base import Group, Position
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules
from wagtail_journeys.models import Campaign, CampaignVersion, Event, Journey, Message, Visit
from wagtail_journeys.segments.blocks import RulesBlock

NOW = START + datetime.timedelta(days=3)
STEPS = ["mail-a", "mail-b", "fork"]
_numbers = itertools.count(1)

# --- a small world ---------------------------------------------------------------------------------------------------------


@dataclass
class Trip:
    """A journey, told in plain values. ``visits``: step → (outcome, arm); ``events``: (hour, name, properties)."""

    entered: int = 0
    started_by: dict[str, Any] | None = None
    visits: dict[str, tuple[str, str]] = field(default_factory=dict)
    mails: dict[str, str] = field(default_factory=dict)  # step → state of its message
    told: list[tuple[str, str, str]] = field(default_factory=list)  # (event name, step, verdict)
    events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    language: str = ""


class World:
    """The trips as rows; two of one contact where ``twice``, so that what is asked of one is not answered by the other."""

    def __init__(self, trips: list[Trip], twice: bool = False) -> None:
        self.trips = trips
        self.campaign = Campaign.objects.create(name="C")
        self.version = CampaignVersion.objects.create(
            campaign=self.campaign, number=1, graph={}, created_at=START
        )
        self.positions = []
        contact: Contact | None = None
        for number, trip in enumerate(trips):
            if contact is None or not (twice and number % 2):
                contact = Contact.objects.create(email=f"c{next(_numbers)}@example.com", locale=trip.language)
            trip.language = contact.locale
            self.positions.append(self._row(contact, trip))

    def _event(self, contact: Contact, name: str, hour: int, properties: dict[str, Any]) -> Event:
        at = START + datetime.timedelta(hours=hour)
        return Event.objects.create(
            source="t",
            message_id=str(next(_numbers)),
            name=name,
            contact=contact,
            occurred_at=at,
            received_at=at,
            properties=properties,
        )

    def _row(self, contact: Contact, trip: Trip) -> Position:
        start = None
        if trip.started_by is not None:
            start = self._event(contact, "order", trip.entered, trip.started_by)
        journey = Journey.objects.create(
            campaign=self.campaign,
            version=self.version,
            contact=contact,
            entry_key=str(next(_numbers)),
            entry_event_id=start and start.pk,
            entered_at=START + datetime.timedelta(hours=trip.entered),
            data=trip.data,
        )
        for step, (outcome, arm) in trip.visits.items():
            visit = Visit.objects.create(
                journey=journey,
                version=self.version,
                step_id=step,
                arrived_at=START,
                outcome=outcome,
                arm=arm,
            )
            if step in trip.mails:
                Message.objects.create(
                    visit=visit,
                    contact=contact,
                    campaign=self.campaign,
                    step_id=step,
                    address=contact.email,
                    address_hash="",
                    state=trip.mails[step],
                    created_at=START,
                )
        for name, step, verdict in trip.told:
            properties = {"journey": journey.pk, "step": step, "verdict": verdict}
            self._event(contact, name, 1, {key: value for key, value in properties.items() if value})
        for hour, name, properties in trip.events:
            self._event(contact, name, hour, properties)
        return Position(journey.pk, contact.pk, START, journey.entered_at, journey.entry_event_id)

    def group(self, step_id: str = "here") -> Group:
        return Group(self.campaign.pk, step_id, self.positions)

    def matching(self, match: str, rules: list[dict[str, Any]]) -> list[bool]:
        found = self.group().matching(match, rules, NOW)
        return [position.journey in found for position in self.positions]

    def expected(self, match: str, rules: list[dict[str, Any]]) -> list[bool]:
        people: dict[int, list[Trip]] = {}
        for position, trip in zip(self.positions, self.trips, strict=True):
            people.setdefault(position.contact, []).append(trip)
        return [
            plain(match, rules, trip, people[position.contact])
            for position, trip in zip(self.positions, self.trips, strict=True)
        ]


# --- the plain reading -----------------------------------------------------------------------------------------------------


def plain(match: str, rules: list[dict[str, Any]], trip: Trip, same: list[Trip]) -> bool:
    answers = [
        plain(rule["value"]["match"], rule["value"]["rules"], trip, same)
        if rule["type"] == "group"
        else PLAIN[rule["type"]][1](rule["value"], trip, same)
        for rule in rules
    ]
    return {"all": all(answers), "any": any(answers), "none": not any(answers)}[match]


def _compare(properties: dict[str, Any], item: dict[str, Any]) -> bool:
    value = properties.get(item["property"])
    if item["operator"] == "is":
        return value is not None and str(value).lower() == item["value"].lower()
    if item["operator"] == "at_least":
        return isinstance(value, int) and value >= float(item["value"])
    return (value is not None) == (item["operator"] == "exists")


def _this_event(params, trip, same) -> bool:
    return trip.started_by is not None and all(
        _compare(trip.started_by, item["value"]) for item in params["properties"]
    )


def _this_email(params, trip, same) -> bool:
    wanted = [params["step"]] if params["step"] else STEPS
    found = any(
        name == f"email_{params['action']}"
        and (not params["step"] or step == params["step"])
        and (params["action"] not in ("opened", "clicked") or params["machines"] or verdict == "human")
        for name, step, verdict in trip.told
    )
    if params["action"] in ("sent", "bounced"):
        found |= any(trip.mails.get(step) == params["action"] for step in wanted if step in trip.visits)
    return found == (params["did"] == "did")


def _this_step(params, trip, same) -> bool:
    outcome, arm = trip.visits.get(params["step"], (None, ""))
    return {
        "visited": outcome is not None,
        "never": outcome is None,
        "passed": outcome == "passed",
        "skipped": outcome == "skipped",
        "arm": outcome is not None and arm == params["arm"],
    }[params["mode"]]


def _this_data(params, trip, same) -> bool:
    return _compare(trip.data, {"property": params["name"], **params})


def _this_did(params, trip, same) -> bool:
    times = 0
    for other in same:  # what the contact did, whichever journey it belongs to
        times += sum(name == params["event"] and hour >= trip.entered for hour, name, _p in other.events)
        if other is not trip and other.started_by is not None:
            times += params["event"] == "order" and other.entered >= trip.entered
    return (times >= params["count"]) == (params["did"] == "did")


def _this_entered(params, trip, same) -> bool:
    ago = NOW - (START + datetime.timedelta(hours=trip.entered))
    length = datetime.timedelta(hours=params["amount"])
    return ago < length if params["period"] == "last" else ago >= length


def _language(params, trip, same) -> bool:
    return trip.language == params["value"]


def filters_on(name: str) -> st.SearchStrategy:
    return st.one_of(
        st.fixed_dictionaries(
            {name: st.sampled_from(["total", "plan"]), "operator": st.just("is"), "value": st.sampled_from(["pro", "3"])}
        ),
        st.fixed_dictionaries(
            {name: st.just("total"), "operator": st.just("at_least"), "value": st.sampled_from(["2", "3"])}
        ),
        st.fixed_dictionaries(
            {
                name: st.sampled_from(["total", "plan"]),
                "operator": st.sampled_from(["exists", "missing"]),
                "value": st.just(""),
            }
        ),
    )  # fmt: skip


PLAIN: dict[str, Any] = {
    "this_event": (
        st.fixed_dictionaries(
            {
                "properties": st.lists(
                    filters_on("property").map(lambda value: {"type": "item", "value": value}), max_size=2
                )
            }
        ),
        _this_event,
    ),
    "this_email": (
        st.fixed_dictionaries(
            {
                "did": st.sampled_from(["did", "did_not"]),
                "action": st.sampled_from(["sent", "delivered", "opened", "clicked", "bounced"]),
                "step": st.sampled_from(["", "mail-a", "mail-b"]),
                "machines": st.booleans(),
            }
        ),
        _this_email,
    ),
    "this_step": (
        st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["visited", "never", "passed", "skipped", "arm"]),
                "step": st.sampled_from(STEPS),
                "arm": st.sampled_from(["yes", "no"]),
            }
        ),
        _this_step,
    ),
    "this_data": (filters_on("name"), _this_data),
    "this_did": (
        st.fixed_dictionaries(
            {
                "did": st.sampled_from(["did", "did_not"]),
                "event": st.sampled_from(["view", "order"]),
                "count": st.integers(1, 2),
            }
        ),
        _this_did,
    ),
    "this_entered": (
        st.fixed_dictionaries(
            {
                "period": st.sampled_from(["last", "before"]),
                "amount": st.integers(68, 76),
                "unit": st.just("hours"),
            }
        ),
        _this_entered,
    ),
    "language": (st.just({}), _language),
}
PLAIN["attribute"] = (
    st.just({"field": "locale", "attribute": "", "operator": "is", "value": "nl"}),
    _language,
)
del PLAIN["language"]

leaves = st.one_of(
    [
        strategy.map(lambda params, key=key: {"type": key, "value": params})
        for key, (strategy, _plain) in sorted(PLAIN.items())
    ]
)
matches = st.sampled_from(["all", "any", "none"])


def group_of(children: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        lambda match, rules: {"type": "group", "value": {"match": match, "rules": rules}},
        matches,
        st.lists(children, min_size=1, max_size=3),
    )


trees = st.lists(st.one_of(leaves, group_of(st.one_of(leaves, group_of(leaves)))), min_size=1, max_size=3)
values = st.fixed_dictionaries(
    {}, optional={"total": st.integers(1, 4), "plan": st.sampled_from(["pro", "free"])}
)
trips = st.builds(
    Trip,
    entered=st.integers(0, 3),
    started_by=st.none() | values,
    visits=st.dictionaries(
        st.sampled_from(STEPS),
        st.tuples(st.sampled_from(["passed", "skipped", ""]), st.sampled_from(["", "yes", "no"])),
    ),
    mails=st.dictionaries(
        st.sampled_from(["mail-a", "mail-b"]), st.sampled_from(["sent", "bounced", "queued", "cancelled"])
    ),
    told=st.lists(
        st.tuples(
            st.sampled_from(
                ["email_sent", "email_delivered", "email_opened", "email_clicked", "email_bounced"]
            ),
            st.sampled_from(["mail-a", "mail-b"]),
            st.sampled_from(["human", "automated"]),
        ),
        max_size=3,
    ),
    events=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["view", "order"]), st.just({})), max_size=3
    ),
    data=values,
    language=st.sampled_from(["nl", "en"]),
)


class OneMeaning(HypothesisTestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(trips, min_size=1, max_size=4), st.booleans(), matches, trees)
    def test_the_answers_agree_with_a_plain_reading(self, made, twice, match, rules):
        """Random rules over random journeys, two of one contact among them: sets of ids and plain Python say the same."""
        world = World(made, twice)
        assert world.matching(match, rules) == world.expected(match, rules), asking.describe(match, rules)


def test_every_condition_has_a_plain_reading():
    """A condition of ours that nobody can read in plain Python is not held by the comparison."""
    ours = {
        key
        for key, condition in conditions.registry.items()
        if type(condition).__module__.startswith("wagtail_journeys.")
    }
    assert ours - PLAIN.keys() == set()


def test_segments_do_not_ask_about_journeys():
    """What only a journey knows is offered by steps, and by nothing else."""
    offered = RulesBlock().child_blocks
    assert not set(conditions.registry._kinds) & set(offered)
    assert not set(conditions.registry._kinds) & set(offered["group"].child_blocks["rules"].child_blocks)
    (steps,) = [Campaign._meta.get_field("steps").stream_block]
    inside = steps.child_blocks["branch"].child_blocks["conditions"].child_blocks
    assert set(conditions.registry._kinds) <= set(inside)
    assert set(conditions.registry._kinds) <= set(inside["group"].child_blocks["rules"].child_blocks)


RULES = [
    {"type": "attribute", "value": {"field": "locale", "attribute": "", "operator": "is", "value": "nl"}},
    {"type": "this_email", "value": {"did": "did", "action": "sent", "step": "mail-a", "machines": False}},
    {"type": "this_step", "value": {"mode": "passed", "step": "fork", "arm": ""}},
    {"type": "this_data", "value": {"name": "plan", "operator": "exists", "value": ""}},
    {"type": "this_did", "value": {"did": "did", "event": "view", "count": 1}},
    {"type": "this_entered", "value": {"period": "last", "amount": 30, "unit": "days"}},
    {
        "type": "this_event",
        "value": {
            "properties": [
                {"type": "item", "value": {"property": "total", "operator": "exists", "value": ""}}
            ]
        },
    },
]


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_number_of_journeys():
    """Three journeys or sixty: the same statements."""
    counts = []
    for number in (3, 60):
        world = World([Trip(started_by={"total": 1}) for _trip in range(number)])
        with CaptureQueriesContext(connection) as captured:
            world.matching("any", RULES)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 9


@pytest.mark.django_db
def test_why_a_journey_does_not_match_is_explained_rule_by_rule():
    """The tree of answers has those about the journey beside those about the contact."""
    world = World([Trip(visits={"fork": ("passed", "yes")}, language="nl")])
    answer = asking.explain("all", RULES, world.group(), NOW)
    assert [part.yes for part in answer.parts] == [True, False, True, False, False, True, False]
    assert answer.yes is False
    assert "was sent the email" in answer.parts[1].sentence


@pytest.mark.django_db
def test_rules_that_nobody_understands_are_refused():
    """Whoever asks hears which rule it is."""
    world = World([Trip()])
    with pytest.raises(BadRules, match="this_step"):
        world.matching("all", [{"type": "this_step", "value": {}}])
