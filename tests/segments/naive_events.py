"""The plain reading of the conditions about what people did and what was done to them; see naive.py."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st

from .naive import Happened, Naive, Person

Params = dict[str, Any]
DAY = datetime.timedelta(days=1)
UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
FIRST = datetime.date(2026, 3, 2)  # the day that stories begin on


def merged(*parts: st.SearchStrategy[Params]) -> st.SearchStrategy[Params]:
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def one(**values: Any) -> st.SearchStrategy[Params]:
    return st.fixed_dictionaries(
        {
            key: value if isinstance(value, st.SearchStrategy) else st.just(value)
            for key, value in values.items()
        }
    )


dates = st.integers(-1, 6).map(lambda days: (FIRST + days * DAY).isoformat())
PERIODS = st.one_of(
    one(period="ever"),
    one(period=st.sampled_from(["last", "before"]), amount=st.integers(1, 4), unit="days"),
    one(period=st.sampled_from(["last", "before"]), amount=st.sampled_from([30, 60]), unit="hours"),
    st.tuples(dates, dates).map(lambda two: {"period": "between", "start": min(two), "end": max(two)}),
    one(period="between", start=dates, end=None),
    one(period="between", start=None, end=dates),
)
OFTEN = one(
    did=st.sampled_from(["did", "did_not"]),
    occasion=st.sampled_from(["any", "any", "first", "last"]),
    how_often=st.sampled_from(["at_least", "exactly", "at_most"]),
    count=st.integers(1, 3),
)
NOWHERE = {"page": None, "section": None, "document": None}


def length(params: Params, prefix: str = "") -> datetime.timedelta:
    return datetime.timedelta(seconds=params[f"{prefix}amount"] * UNITS[params[f"{prefix}unit"]])


def inside(params: Params, at: datetime.datetime, now: datetime.datetime) -> bool:
    if params["period"] == "last":
        return now - length(params) < at <= now
    if params["period"] == "before":
        return at <= now - length(params)
    if params["period"] == "between":
        day = at.astimezone(timezone.get_default_timezone()).date().isoformat()
        return (params["start"] or "") <= day <= (params["end"] or "9")
    return True


def often(params: Params, events: list[Happened], now: datetime.datetime) -> bool:
    """Whether these events happened as often, or for the first or last time, when the params say."""
    moments = sorted(event.at for event in events)
    number = sum(inside(params, at, now) for at in moments)
    if params["occasion"] == "first":
        found = bool(moments) and inside(params, moments[0], now)
    elif params["occasion"] == "last":
        found = bool(moments) and inside(params, moments[-1], now)
    else:
        count = params["count"]
        found = {"at_least": number >= count, "exactly": number == count, "at_most": number <= count}[
            params["how_often"]
        ]
    return found == (params["did"] == "did")


def named(person: Person, name: str, **properties: Any) -> list[Happened]:
    return [
        event
        for event in person.events
        if event.name == name and all(event.properties.get(key) == value for key, value in properties.items())
    ]


# --- did ---------------------------------------------------------------------------------------------------------------

PLAN = st.sampled_from([[], [], [{"property": "plan", "operator": "is", "value": "pro"}]])
TOTALS = st.one_of(
    one(total_of=None, total=None), one(total_of="amount", total=st.sampled_from([2.0, 3.5, 8.0]))
)
orders = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["order", "order", "visit"]),
        "properties": st.fixed_dictionaries(
            {}, optional={"plan": st.sampled_from(["Pro", "free"]), "amount": st.sampled_from([1, 2.5, "3.5", "x", None])}
        ),
    }
)  # fmt: skip


def _event(params: Params, person: Person, now: datetime.datetime) -> bool:
    events = named(person, params["event"])
    if params["properties"]:
        events = [event for event in events if event.properties.get("plan") == "Pro"]
    if params["total_of"] and params["occasion"] == "any":
        amounts = [event.properties.get("amount") for event in events if inside(params, event.at, now)]
        numbers = [float(amount) for amount in amounts if amount not in (None, "x")]
        found = bool(numbers) and sum(numbers) >= params["total"]
        return found == (params["did"] == "did")
    return often(params, events, now)


# --- pages, documents, forms ----------------------------------------------------------------------------------------------


def _of(name: str) -> Any:
    def matches(params: Params, person: Person, now: datetime.datetime) -> bool:
        return often(params, named(person, name), now)

    return matches


def _time_spent(params: Params, person: Person, now: datetime.datetime) -> bool:
    found = 0.0
    for event in named(person, "page_left"):
        seconds = event.properties.get("seconds")
        if inside(params, event.at, now) and not isinstance(seconds, bool) and seconds not in (None, "much"):
            found += float(seconds) if 0 < float(seconds) <= 86_400 else 0
    least = params["least"] * {"seconds": 1, "minutes": 60, "hours": 3600}[params["least_unit"]]
    return (found >= least) == (params["did"] == "did")


# --- nothing ---------------------------------------------------------------------------------------------------------------

OURS = {
    "email_sent",
    "email_delivered",
    "email_bounced",
    "journey_entered",
    "journey_ended",
    "journey_converted",
}


def _inactive(params: Params, person: Person, now: datetime.datetime) -> bool:
    since = now - length(params)
    for event in person.events:
        by_machine = event.name == "email_opened" and event.properties.get("verdict") != "human"
        by_staff = event.name == "consent_changed" and event.properties.get("by") == "staff"
        theirs = event.name not in OURS and not by_machine and not by_staff
        if event.at > since and (event.name == params["event"] if params["event"] else theirs):
            return False
    return person.created_at <= since


# --- this, then that --------------------------------------------------------------------------------------------------------


def part(name: st.SearchStrategy[str]) -> st.SearchStrategy[Params]:
    return one(event=name, **NOWHERE, properties=st.just([]))


def _sequence(params: Params, person: Person, now: datetime.datetime) -> bool:
    found = False
    between = named(person, params["between"]["event"]) if params["between"]["event"] else []
    for first in named(person, params["first"]["event"]):
        for then in named(person, params["then"]["event"]):
            found |= (
                first.at < then.at
                and inside(params, then.at, now)
                and (params["within"] == "any" or then.at - first.at <= length(params, "within_"))
                and not any(first.at < event.at < then.at for event in between)
            )
    return found == (params["did"] == "did")


# --- emails and campaigns ----------------------------------------------------------------------------------------------------

VERBS = {
    "sent": "email_sent",
    "opened": "email_opened",
    "clicked": "email_clicked",
    "bounced": "email_bounced",
}


def _email(params: Params, person: Person, now: datetime.datetime) -> bool:
    action = params["action"]
    events = named(person, VERBS[action])
    if action in ("opened", "clicked") and not params["machines"]:
        events = [event for event in events if event.properties.get("verdict") == "human"]
    if action == "clicked" and params["link"]:
        events = [event for event in events if params["link"] in (event.properties.get("url") or "")]
    if params["campaign"]:
        events = [event for event in events if event.properties.get("campaign") == params["campaign"]]
    return often(params, events, now)


MODES = ["in", "not_in", "entered", "never", "completed", "left", "converted", "not_converted"]


def _campaign(params: Params, person: Person, now: datetime.datetime) -> bool:
    mode = params["mode"]
    which = {"campaign": params["campaign"]} if params["campaign"] else {}
    if mode in ("in", "not_in"):
        over = {event.properties["journey"] for event in named(person, "journey_ended", **which)}
        began = {event.properties["journey"] for event in named(person, "journey_entered", **which)}
        return bool(began - over) == (mode == "in")
    name = {"entered": "journey_entered", "never": "journey_entered"}.get(mode, "journey_converted")
    if mode in ("completed", "left"):
        name = "journey_ended"
    events = [event for event in named(person, name, **which) if inside(params, event.at, now)]
    if mode in ("completed", "left"):
        events = [e for e in events if (e.properties.get("outcome") == "completed") == (mode == "completed")]
    return bool(events) == (mode not in ("never", "not_converted"))


# ----------------------------------------------------------------------------------------------------------------------------

NAIVE: dict[str, Naive] = {
    "event": Naive(
        merged(OFTEN, one(event="order", **NOWHERE, properties=PLAN), TOTALS, PERIODS), _event, events=orders
    ),
    "viewed": Naive(
        merged(OFTEN, one(page=None, section=None, page_type="", tag=None), PERIODS),
        _of("page_view"),
        events=one(name=st.sampled_from(["page_view", "page_view", "visit"])),
    ),
    "downloaded": Naive(
        merged(OFTEN, one(document=None, collection=""), PERIODS),
        _of("document_download"),
        events=one(name=st.sampled_from(["document_download", "document_download", "visit"])),
    ),
    "submitted": Naive(
        merged(OFTEN, one(page=None, properties=st.just([])), PERIODS),
        _of("form_submit"),
        events=one(name=st.sampled_from(["form_submit", "form_submit", "visit"])),
    ),
    "time_spent": Naive(
        merged(
            one(did=st.sampled_from(["did", "did_not"]), least=st.integers(1, 3), least_unit="minutes"),
            one(page=None, section=None, page_type="", tag=None),
            PERIODS,
        ),
        _time_spent,
        events=one(
            name=st.sampled_from(["page_left", "page_left", "visit"]),
            properties=one(seconds=st.sampled_from([30, 90.5, "60", -500, 100_000, "much", None, True])),
        ),
    ),
    "inactive": Naive(
        one(event=st.sampled_from(["", "", "visit"]), amount=st.integers(1, 4), unit="days"),
        _inactive,
        events=st.one_of(
            one(name=st.sampled_from(["visit", "order", "email_sent", "journey_ended"])),
            one(name="email_opened", properties=one(verdict=st.sampled_from(["human", "machine", None]))),
            one(name="consent_changed", properties=one(by=st.sampled_from(["staff", "unsubscribe"]))),
        ),
    ),
    "sequence": Naive(
        merged(
            one(
                did=st.sampled_from(["did", "did_not"]),
                first=part(st.sampled_from(["visit", "order"])),
                then=part(st.just("order")),
                between=part(st.sampled_from(["", "leave"])),
                within=st.sampled_from(["any", "within"]),
                within_amount=st.integers(1, 3),
                within_unit="days",
            ),
            PERIODS,
        ),
        _sequence,
        events=one(name=st.sampled_from(["visit", "order", "leave"])),
    ),
    "email": Naive(
        merged(
            OFTEN,
            one(
                action=st.sampled_from(["sent", "opened", "clicked", "bounced"]),
                template=None,
                campaign=st.sampled_from([None, None, 7]),
                link=st.sampled_from(["", "/shop"]),
                machines=st.booleans(),
            ),
            PERIODS,
        ),
        _email,
        events=one(
            name=st.sampled_from(list(VERBS.values())),
            properties=one(
                campaign=st.sampled_from([7, 8]),
                verdict=st.sampled_from(["human", "machine", None]),
                url=st.sampled_from(["https://example.com/shop/", "https://example.com/"]),
            ),
        ),
    ),
    "campaign": Naive(
        merged(one(mode=st.sampled_from(MODES), campaign=st.sampled_from([None, 7])), PERIODS),
        _campaign,
        events=one(
            name=st.sampled_from(
                ["journey_entered", "journey_entered", "journey_ended", "journey_converted"]
            ),
            properties=one(
                journey=st.integers(1, 3),
                campaign=st.sampled_from([7, 7, 8]),
                outcome=st.sampled_from(["completed", "exited", "failed"]),
            ),
        ),
    ),
}
