from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.ingest import keeping, keys

ROOT = "/journeys/v1"
VISITOR = "3f0a54c0-5d3e-4f39-9d6c-6a4a8f0d7b11"


@pytest.fixture(autouse=True)
def nothing_known_of_other_tests() -> Iterator[None]:
    """What a process remembers of keys and queue belongs to a database that is rolled back."""
    keys._drop()
    keys._used.clear()
    keeping.look_again()
    yield
    keys._drop()


@pytest.fixture
def server_key(db: None) -> str:
    return keys.create("CRM", "server")


@pytest.fixture
def public_key(db: None) -> str:
    return keys.create("shop", "public", origins="https://shop.example", events="product_viewed")


@pytest.fixture
def send(client: Client) -> Callable[..., Any]:
    """``send("track", {...}, key=…)``: one POST, as a client of the protocol would send it."""

    def post(call: str, body: Any, *, key: str = "", **extra: Any) -> Any:
        content_type = extra.pop("content_type", "application/json")
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **extra.pop("headers", {})}
        return client.post(f"{ROOT}/{call}", data, content_type=content_type, headers=headers, **extra)

    return post


def accepted() -> list[dict[str, Any]]:
    return [item.payload for item in InboxItem.objects.filter(dead_at__isnull=True).order_by("pk")]


def rejected() -> list[tuple[dict[str, Any], str]]:
    return [
        (item.payload, item.error) for item in InboxItem.objects.filter(dead_at__isnull=False).order_by("pk")
    ]


def only() -> dict[str, Any]:
    """The one event there is; nothing was rejected."""
    assert rejected() == []
    (payload,) = accepted()
    return payload
