"""What the machine offers. A service that is missing skips a test here and fails it in CI, where all must be there."""

from __future__ import annotations

import functools
import os
import shutil
import socket
import sys
from urllib.parse import urlsplit

import pytest

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


@functools.cache
def postgres_reachable() -> bool:
    return answers(os.environ.get("PGHOST", "127.0.0.1"), int(os.environ.get("PGPORT", "5432")))


@functools.cache
def redis_reachable() -> bool:
    address = urlsplit(REDIS_URL)
    return answers(address.hostname or "127.0.0.1", address.port or 6379)


@functools.cache
def chromium() -> str | None:
    """The browser to drive: TEST_CHROMIUM, or one of the usual names on PATH."""
    named = os.environ.get("TEST_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        path = shutil.which(name)
        if path:
            return path
    return None


def missing(reason: str) -> None:
    """Skip for want of a service; in CI that is a failure."""
    if in_ci():
        pytest.fail(f"{reason} (CI must offer it)", pytrace=False)
    pytest.skip(reason)


def need_postgres() -> None:
    if not postgres_reachable():
        missing("PostgreSQL is not reachable: start it, or set PGHOST and PGPORT")


def need_redis() -> None:
    if not redis_reachable():
        missing("Redis is not reachable: start it, or set TEST_REDIS_URL")


def need_chromium() -> str:
    path = chromium()
    if path is None:
        missing("no Chromium on PATH: install one, or set TEST_CHROMIUM")
    return str(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    # For the Makefile: python -m tests.support.services postgres
    if not {"postgres": postgres_reachable, "redis": redis_reachable}[sys.argv[1]]():
        print(f"{sys.argv[1]} is not reachable", file=sys.stderr)
        sys.exit(1)
