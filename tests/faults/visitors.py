"""The web side of a fault run, as a program: people who do things, each thing told once or several times.

Run: python -m tests.faults.visitors LEDGER SEED PEOPLE PER_SECOND

What the site has accepted is written into the ledger, one message id a line, *after* the call has returned. What it
could not accept is told again, as a client would. New people come until there are PEOPLE of them and SIGUSR1 has come;
then somebody looks at a page now and then until SIGTERM.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import django
from django.db import DatabaseError, InterfaceError, connection

SOURCE = "python"
JOINED, LOOKED = "joined", "page_view"


@dataclass
class Told:
    """One delivery of an event: the arguments of ``track``."""

    name: str
    message_id: str
    whose: dict[str, str]


@dataclass
class Visitors:
    ledger: IO[str]
    rng: random.Random
    refused: int = 0
    enough: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def person(self, number: int) -> Iterator[Told]:
        """Looks around, joins, looks around; each told up to five times, not always by the same browser."""
        browser, email = f"browser-{number}", address(number)
        for look in range(2):
            event = Told(LOOKED, f"looked-{number}-{look}", {"anonymous_id": browser})
            yield from [event] * self.rng.choice([1, 1, 2, 3])
        for _copy in range(self.rng.randint(1, 5)):
            whose = {"email": email} | self.rng.choice([{"anonymous_id": browser}, {}])
            yield Told(JOINED, joined(number), whose)

    def tell(self, event: Told) -> None:
        from wagtail_journeys.ingest import track

        self.insist(lambda: track(event.name, message_id=event.message_id, **event.whose))
        print(event.message_id, file=self.ledger, flush=True)

    def insist(self, act: Callable[[], Any]) -> None:
        while True:
            try:
                act()
                return
            except (DatabaseError, InterfaceError):
                self.refused += 1
                connection.close()
                self.over.wait(0.1)

    def come(self, people: int, per_second: float) -> int:
        """New people at a steady pace, what they do shuffled among those who came about the same time."""
        number, crowd = 0, list[Told]()
        begun = time.monotonic()
        while not (number >= people and self.enough.is_set()) and not self.over.is_set():
            number += 1
            crowd += self.person(number)
            if number % 5 == 0:
                self._all_of(crowd)
                self.over.wait(max(0.0, begun + number / per_second - time.monotonic()))
        self._all_of(crowd)
        return number

    def _all_of(self, crowd: list[Told]) -> None:
        self.rng.shuffle(crowd)
        for event in crowd:
            self.tell(event)
        crowd.clear()

    def look_around(self) -> None:
        look = 0
        while not self.over.wait(0.5):
            look += 1
            self.tell(Told(LOOKED, f"passer-by-{look}", {"anonymous_id": "passer-by"}))


def address(number: int) -> str:
    return f"person-{number}@people.example"


def joined(number: int) -> str:
    return f"joined-{number}"


def main(ledger: str, seed: str, people: str, per_second: str) -> None:
    django.setup()
    from wagtail_journeys import jobs

    with open(ledger, "a", encoding="utf-8") as file:
        visitors = Visitors(file, random.Random(seed))
        signal.signal(signal.SIGUSR1, lambda number, frame: visitors.enough.set())
        signal.signal(signal.SIGTERM, lambda number, frame: visitors.over.set())
        visitors.insist(lambda: jobs.enqueue(jobs.PULSE))
        print("the site is open", flush=True)
        came = visitors.come(int(people), float(per_second))
        print(f"everybody was here: {came}", flush=True)
        visitors.look_around()
        visitors.insist(lambda: jobs.enqueue(jobs.TICK))
    connection.close()
    print(f"the site is closed, {visitors.refused} calls were refused", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
