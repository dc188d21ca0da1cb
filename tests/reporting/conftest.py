from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Sentences of steps are kept by the number of their version; numbers come again in every test."""
    cache.clear()
    yield
    cache.clear()
