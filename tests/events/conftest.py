from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from wagtail_journeys import db
from wagtail_journeys.events import learning, log
from wagtail_journeys.events.log import COLUMNS
from wagtail_journeys.events.models import Event, EventDefinition

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)

__all__ = ["NOW", "happened", "learn", "log"]


def happened(
    name: str,
    properties: Any = None,
    *,
    times: int = 1,
    at: datetime.datetime = NOW,
    every: datetime.timedelta = datetime.timedelta(0),
    source: str = "python",
    contact: int | None = None,
) -> None:
    """Events in the log, as the pipeline writes them: ``times`` of them, the last one ``at``, one ``every`` so often."""
    rows = [
        (
            source,
            str(uuid.uuid4()),
            name,
            contact,
            "",
            at - every * ago,
            at,
            properties or {},
            None,
            None,
            None,
            "",
        )
        for ago in range(times - 1, -1, -1)
    ]
    for some in db.chunks(rows, 2000):
        db.insert_rows(Event, COLUMNS, some)


def learn(now: datetime.datetime = NOW) -> None:
    """Read all of the log; on PostgreSQL it takes a second look."""
    learning.learn(now)
    learning.learn(now)


def definition(name: str) -> EventDefinition:
    return EventDefinition.objects.get(name=name)


@pytest.fixture
def somebody(client: Client, django_user_model: type) -> Callable[..., Client]:
    """``somebody("view_segment")``: a client logged in as somebody with these permissions."""

    def log_in(*permissions: str) -> Client:
        user = django_user_model.objects.create_user("somebody", password="secret")
        user.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", *permissions]))
        client.force_login(user)
        return client

    return log_in
