"""Waiting on what is true, never on time that has passed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NeverHappened(AssertionError):
    """The condition did not become true in time."""


def wait_for(
    condition: Callable[[], T],
    timeout: float = 30.0,
    *,
    what: str = "",
    every: float = 0.05,
    otherwise: Callable[[], object] | None = None,
) -> T:
    """Ask again until the answer is true, and return it. ``otherwise`` says more when it never was."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            more = f"\n{otherwise()}" if otherwise else ""
            raise NeverHappened(
                f"not within {timeout:g} s: {what or getattr(condition, '__name__', condition)}; "
                f"the last answer was {answer!r}{more}"
            )
        pause.wait(every)
