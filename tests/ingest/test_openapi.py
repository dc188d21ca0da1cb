"""The description of the API is what is served, and what is served is as described."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client

from tests.ingest.conftest import ROOT
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.ingest import bodies, enrolling, protocol, views

SNAPSHOT = Path(__file__).with_name("openapi.json")


def test_the_document_is_the_one_of_the_snapshot(client: Client, db: None) -> None:
    """A change of the API is a change of a file that somebody reads. KEEP_OPENAPI=1 writes it anew."""
    served = client.get(f"{ROOT}/openapi.json").json()
    if os.environ.get("KEEP_OPENAPI"):
        SNAPSHOT.write_text(json.dumps(served, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    assert served == json.loads(SNAPSHOT.read_text())


def test_the_document_knows_every_call_and_limit(client: Client, db: None) -> None:
    """And the limits that are enforced."""
    document = client.get(f"{ROOT}/openapi.json").json()
    calls = {path.strip("/") for path, item in document["paths"].items() if "post" in item}
    assert (
        calls - {"enrol"} == set(views.SHORT.values()) | {"import"} == set(protocol.READERS) | views.BATCHES
    )
    contacts = document["components"]["schemas"]["enrol"]["properties"]["contacts"]
    assert contacts["maxItems"] == enrolling.MAX_CONTACTS
    assert document["components"]["schemas"]["batch"]["properties"]["batch"]["maxItems"] == views.MAX_EVENTS
    assert (bodies.MAX_BODY, protocol.MAX_EVENT) == (500_000, 32_000)
    assert document["servers"] == [{"url": ROOT}]


@pytest.fixture
def same_connection() -> Iterator[None]:
    """The application under test works in the test's own transaction, which a request would close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
def test_nothing_that_can_be_derived_from_the_document_breaks_it(
    server_key: str, same_connection: None
) -> None:
    """Made-up requests, right and wrong ones: every answer is a described one, and none a server error."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    ]
    schema = schemathesis.openapi.from_wsgi(f"{ROOT}/openapi.json", get_wsgi_application())
    headers = {"Authorization": f"Bearer {server_key}"}
    tried: list[int] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        strategy = operation.as_strategy() | operation.as_strategy(
            generation_mode=schemathesis.GenerationMode.NEGATIVE
        )

        @given(case=strategy)
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answered(case: Any) -> None:
            response = case.call_and_validate(headers=headers, checks=checks)
            tried.append(response.status_code)

        answered()
    assert len(tried) > 100
    assert 200 in tried and 400 in tried
    assert InboxItem.objects.exists()
