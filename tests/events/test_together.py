"""Requests that arrive together are written together, and none of them for another's account."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections

from tests.support.database import Database as OwnDatabase
from wagtail_journeys.events import together
from wagtail_journeys.events.together import Line
from wagtail_journeys.models import InboxItem

NOW = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)


class Database:
    """Writes slowly: the first statement waits until everybody else has lined up."""

    def __init__(self, others: int, fails: Callable[[Sequence[Any]], Exception | None]) -> None:
        self.others, self.fails = others, fails
        self.line = Line(self.insert)
        self.statements: list[list[Any]] = []

    def insert(self, rows: Sequence[Any]) -> None:
        first = not self.statements
        self.statements.append(list(rows))
        if first:
            everybody = threading.Event()
            while len(self.line.waiting) < self.others:
                everybody.wait(0.001)
        error = self.fails(rows)
        if error:
            raise error

    def kept(self) -> dict[int, Exception | None]:
        """What became of the rows 0, 1, 2 … each written by a thread of its own; row 0 comes first."""
        found: dict[int, Exception | None] = {}

        def keep(row: int) -> None:
            try:
                self.line.keep([(row,)])
                found[row] = None
            except Exception as error:  # noqa: BLE001  that is what is looked at
                found[row] = error

        threads = [threading.Thread(target=keep, args=[row]) for row in range(self.others + 1)]
        threads[0].start()
        while not self.statements:
            threading.Event().wait(0.001)
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        return found


def test_those_who_wait_are_written_with_one_statement() -> None:
    database = Database(7, lambda rows: None)
    assert database.kept() == dict.fromkeys(range(8))
    assert [len(rows) for rows in database.statements] == [1, 7]


def test_a_database_that_is_gone_is_told_to_everybody() -> None:
    """Nobody believes that the row was kept, and the database is not asked once per row."""
    database = Database(5, lambda rows: OperationalError("gone") if len(rows) > 1 else None)
    found = database.kept()
    assert found.pop(0) is None
    assert [type(error) for error in found.values()] == [OperationalError] * 5
    assert len(database.statements) == 2


def test_a_row_that_cannot_be_kept_is_the_trouble_of_its_own_request() -> None:
    database = Database(5, lambda rows: IntegrityError("three") if (3,) in rows else None)
    found = database.kept()
    assert isinstance(found.pop(3), IntegrityError)
    assert set(found.values()) == {None}


def test_the_line_goes_on_after_an_error() -> None:
    line = Line(lambda rows: (_ for _ in ()).throw(ValueError("no")))
    for _again in range(2):
        with pytest.raises(ValueError, match="no"):
            line.keep([(1,)])
    assert not line.led


def test_every_row_of_many_threads_is_kept_once(own_database: OwnDatabase) -> None:
    """Each with what it is, whoever wrote it."""

    def keep(number: int) -> None:
        try:
            together.keep([(number % 50, NOW, {"name": f"event-{number}"}, 0, "", None)])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(200)))
    names = InboxItem.objects.values_list("payload__name", flat=True)
    assert sorted(names) == sorted(f"event-{number}" for number in range(200))
