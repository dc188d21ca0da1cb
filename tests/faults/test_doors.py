"""The database goes away under the load of the HTTP API: what was answered with 200 is in the log once, nobody hangs."""

from __future__ import annotations

import base64
import http.client
import json
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.faults.conftest import SETTINGS
from tests.support.database import Database
from tests.support.postgres import OwnPostgres
from tests.support.site import RunningSite
from tests.support.waiting import wait_for
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.ingest import keys

pytestmark = [pytest.mark.faults, pytest.mark.slow]

THREADS = 4
LONGEST = 10.0  # seconds after which a client calls it hanging
PATH = "/journeys/v1"


@dataclass
class Shop:
    """Clients that send one event or five, and send again what was not taken; some also send again what was."""

    urls: list[str]  # of the web servers; each client has one of them
    key: str
    seed: str
    accepted: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    silent: int = 0  # no answer at all: connection refused or cut
    again: int = 0  # sent again although they had been taken
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, number: int) -> None:
        rng = random.Random(f"{self.seed}-{number}")
        connection: http.client.HTTPConnection | None = None
        sent = 0
        while not self.over.is_set():
            messages = [self.message(number, sent + n, rng) for n in range(rng.choice([1, 1, 1, 5]))]
            sent += len(messages)
            left = rng.choice([1, 1, 1, 2])  # how often it must be taken until this client believes it
            while left:
                connection, status = self.send(self.urls[number % len(self.urls)], connection, messages)
                left -= status == 200
                if status == 200 and left:
                    with self.lock:
                        self.again += len(messages)
                if status != 200:
                    self.over.wait(rng.uniform(0.01, 0.1))
        if connection:
            connection.close()

    def message(self, thread: int, n: int, rng: random.Random) -> dict[str, Any]:
        user = f"user-{rng.randrange(20)}"
        return {"type": "track", "event": "bought", "userId": user, "messageId": f"message-{thread}-{n}"}

    def send(
        self, url: str, connection: http.client.HTTPConnection | None, messages: list[dict[str, Any]]
    ) -> tuple[http.client.HTTPConnection | None, int]:
        body = json.dumps({"batch": messages}) if len(messages) > 1 else json.dumps(messages[0])
        token = base64.b64encode(f"{self.key}:".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        begun = time.monotonic()
        status = 0
        try:
            if connection is None:
                connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LONGEST)
            connection.request("POST", f"{PATH}/{'batch' if len(messages) > 1 else 'track'}", body, headers)
            response = connection.getresponse()
            response.read()
            status = response.status
            if status in (429, 503) and not int(response.headers.get("Retry-After", "0")):
                self.wrong.append(f"{status} without Retry-After")
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError):
                self.wrong.append(f"no answer within {LONGEST} s")
            if connection is not None:
                connection.close()
            connection = None
        with self.lock:
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.answers[status] += 1
            if status == 200:
                self.accepted += [message["messageId"] for message in messages]
        return connection, status

    @contextmanager
    def open(self) -> Iterator[Shop]:
        threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.over.set()
            for thread in threads:
                thread.join(30)
        assert not any(thread.is_alive() for thread in threads)

    def sells(self, more: int = 60) -> None:
        """Wait until so many more events were taken."""
        goal = len(self.accepted) + more
        wait_for(
            lambda: len(self.accepted) >= goal, 30, what="events are taken", otherwise=lambda: self.answers
        )

    def is_refused(self, more: int = 8) -> None:
        goal = self.answers[503] + more
        wait_for(
            lambda: self.answers[503] >= goal, 30, what="answers with 503", otherwise=lambda: self.answers
        )

    def check(self) -> None:
        """What was taken is in the log once, for the person it is about, and nothing else is."""
        database.close()  # this process was cut off as well
        while pipeline.drain(timezone.now()):
            pass
        assert self.wrong == []
        assert set(self.answers) <= {0, 200, 429, 503}
        logged = list(Event.objects.values_list("message_id", flat=True))
        assert Counter(logged) == Counter(set(self.accepted))
        assert not InboxItem.objects.exists()
        assert Contact.objects.filter(external_id__startswith="user-").count() <= 20
        assert Event.objects.filter(contact__isnull=True).count() == 0
        assert self.slowest < LONGEST
        print(
            f"{len(logged)} events, {self.again} sent again after a 200; answers {dict(self.answers)}; "
            f"the slowest took {self.slowest:.1f} s"
        )


@pytest.mark.postgres
def test_a_database_that_is_restarted(
    django_db_setup: Database,
    django_db_blocker: pytest.FixtureDef,
    rng: random.Random,
    patience: None,
    long_faults: bool,
) -> None:
    """Stopped, and once as if its power went, under web servers that keep their connections and others that do not:
    clients hear 503 meanwhile, and their retries change nothing."""
    with (
        django_db_blocker.unblock(),
        OwnPostgres(django_db_setup) as server,
        server.in_use(),
    ):
        key = keys.create("shop", "server")
        env = {**SETTINGS, **server.env}
        with (
            RunningSite(server.database, env={**env, "FAULTS_CONN_MAX_AGE": "60"}) as keeping,
            RunningSite(server.database, env=env) as closing,
        ):
            keeping.ready(), closing.ready()
            with Shop([keeping.url, closing.url], key, str(rng.random())).open() as shop:
                for mode in ["fast", "immediate"] * (10 if long_faults else 1):
                    shop.sells()
                    server.stop(mode)
                    shop.is_refused()
                    server.start()
                shop.sells()
        shop.check()


@pytest.mark.sqlite
def test_a_database_that_somebody_else_locks(
    own_database: Database, rng: random.Random, patience: None, long_faults: bool
) -> None:
    """Longer than the site waits for the lock: clients hear 503 meanwhile, and nothing is lost."""
    key = keys.create("shop", "server")
    env = {**SETTINGS, "FAULTS_SQLITE_TIMEOUT": "0.5"}
    with RunningSite(own_database, env=env) as site:
        site.ready()
        with Shop([site.url], key, str(rng.random())).open() as shop:
            for _time in range(10 if long_faults else 2):
                shop.sells()
                other = sqlite3.connect(own_database.name, timeout=20, isolation_level=None)
                other.execute("BEGIN IMMEDIATE")
                shop.is_refused()
                other.execute("ROLLBACK")
                other.close()
            shop.sells()
    shop.check()
