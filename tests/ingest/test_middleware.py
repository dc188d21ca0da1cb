"""The collecting addresses are answered before other middleware does anything."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from tests.ingest.conftest import ROOT, only

pytestmark = pytest.mark.django_db

OURS = "wagtail_journeys.ingest.middleware.CollectorMiddleware"


def stop(get_response: object) -> object:
    """Middleware that lets nothing through."""

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse("stopped", status=418)

    return answer


@pytest.fixture(autouse=True)
def stopped(settings: object) -> None:
    settings.MIDDLEWARE = [OURS, f"{__name__}.stop"]  # type: ignore[attr-defined]


def test_the_api_is_answered_first(client: Client, server_key: str) -> None:
    """Nothing that comes after it is asked."""
    body = json.dumps({"event": "a", "userId": "1"})
    answer = client.post(
        f"{ROOT}/t", body, content_type="text/plain", headers={"Authorization": f"Bearer {server_key}"}
    )
    assert answer.status_code == 200
    assert only()["name"] == "a"


def test_the_tracker_is_answered_first(client: Client) -> None:
    """So are its beacons."""
    assert client.post("/journeys/collect/", "{}", content_type="text/plain").status_code == 204


@pytest.mark.parametrize(
    "address", ["/", "/journeys/", "/journeys/unsubscribe/x/", "/journeys/v1/nothing", "/en/journeys/v1/t"]
)
def test_other_addresses_go_their_way(client: Client, address: str) -> None:
    """Pages, and those of ours that need a language or a session."""
    assert client.get(address).status_code == 418


def test_the_example_site_has_it_first() -> None:
    """As the documentation says."""
    from example_site import settings

    assert settings.MIDDLEWARE[0] == OURS
