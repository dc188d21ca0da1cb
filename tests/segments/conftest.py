from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Counts are kept for seconds, which is longer than a test: the next one has other contacts."""
    cache.clear()
