"""Rows and steps that the tests of this folder need, in few words."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection
from typing import Any

from django.db.models import Q

from wagtail_journeys.calls.delivery import Tally, deliver
from wagtail_journeys.calls.models import Call
from wagtail_journeys.calls.outbox import Draft, queue_many
from wagtail_journeys.calls.request import Request
from wagtail_journeys.contacts.models import Contact

NOW = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)


def items(name: str, *values: tuple[str, str]) -> list[dict[str, Any]]:
    """List items of pairs: the second member is called ``name``."""
    first = {"value": "name", "name": "member", "default": "tag"}[name]
    return [{"type": "item", "value": {first: one, name: other}} for one, other in values]


def step(url: str, body: Any = None, **params: Any) -> dict[str, Any]:
    """The stored block of an HTTP call step; ``body`` a document for JSON, or a list of pairs for a form."""
    values: dict[str, Any] = {
        "method": "POST",
        "url": url,
        "body_kind": "",
        "json": "",
        "form": [],
        "headers": [],
        "sign_with": "",
        "repeatable": False,
        "is_message": False,
        "on_failure": "go_on",
        "keep": [],
        "defaults": [],
    }
    if isinstance(body, list):
        values |= {"body_kind": "form", "form": items("value", *body)}
    elif body is not None:
        values |= {"body_kind": "json", "json": body if isinstance(body, str) else json.dumps(body)}
    for name, other in (("headers", "value"), ("keep", "name"), ("defaults", "default")):
        if name in params:
            params[name] = items(other, *params[name])
    return {"type": "http_call", "value": {**values, **params}}


class OpenGate:
    """Lets everything through; remembers which visits were settled."""

    def __init__(self, allowed: Q | None = None) -> None:
        self.q = allowed if allowed is not None else Q()
        self.visits: list[int] = []

    def claimable(self, now: datetime.datetime) -> Q:
        return Q()

    def allowed(self, now: datetime.datetime) -> Q:
        return self.q

    def settled(self, visits: Collection[int], now: datetime.datetime) -> None:
        self.visits += visits


class Clock:
    def __init__(self, now: datetime.datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime.datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += datetime.timedelta(**duration)


def queue(url: str, number: int = 1, **request: Any) -> list[Call]:
    before = set(Call.objects.values_list("pk", flat=True))
    contacts = [Contact.objects.create(email=f"p{len(before) + n}@example.com") for n in range(number)]
    made = Request(**{"method": "POST", "url": url, **request})
    queue_many([Draft(None, None, "", contact.pk, made) for contact in contacts], NOW)
    return list(Call.objects.exclude(pk__in=before).order_by("pk"))


def send(clock: Clock | None = None, gate: OpenGate | None = None, limit: int = 1000) -> Tally:
    return deliver(clock or Clock(), gate or OpenGate(), limit)


def fresh(call: Call) -> Call:
    call.refresh_from_db()
    return call
