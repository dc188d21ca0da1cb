from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.calls.server import Server

SECRETS = {"crm_token": "s3cret-Token/&", "signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A server that calls may reach, although it is on this machine."""
    with Server() as server:
        settings.JOURNEYS_CALLS_ALLOWED_HOSTS = [server.host]
        settings.JOURNEYS_CALLS_TIMEOUT = 0.8
        settings.JOURNEYS_SECRETS = SECRETS
        yield server


@pytest.fixture
def campaign(db: None) -> Any:
    from wagtail_journeys.models import Campaign

    return Campaign.objects.create(name="Care tips", live=True)
