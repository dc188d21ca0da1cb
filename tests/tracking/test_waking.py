from __future__ import annotations

import json

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from wagtail_journeys import jobs


def test_statements_of_a_beacon(own_database, monkeypatch):
    """Outside of a transaction a beacon is one INSERT; once a second a second statement wakes the cluster."""
    client = Client()

    def beacon() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            assert (
                client.post(
                    "/journeys/collect/", json.dumps({"name": "seen"}), content_type="text/plain"
                ).status_code
                == 204
            )
        return [query["sql"].split()[0] for query in queries.captured_queries]

    monkeypatch.setattr(jobs, "WAKE_EVERY", 3600.0)
    monkeypatch.setattr(jobs, "_last_wake", float("-inf"))
    first = beacon()  # asks once which site this is
    assert [word for word in first if word != "SELECT"][:2] == ["INSERT", "INSERT"]
    assert beacon() == ["INSERT"]
