"""Inbox items of requests that arrive at the same time are kept with one INSERT, and answered when it is committed.

While one thread writes, the others of the process line up; the next one writes for all of them. Nobody waits for company:
a request that is alone writes at once. A commit costs the database, and the driver, much more than a row does.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError

from wagtail_journeys import db

from .models import InboxItem

COLUMNS = ("partition", "received_at", "payload", "attempts", "error", "dead_at")

#: Values in the order of COLUMNS.
Row = tuple[Any, ...]

#: Rows that one statement takes for others.
MOST = 1000


def keep(rows: Sequence[Row]) -> None:
    """Keep these rows durably. Raises what the database raises; then none of them was kept.

    Inside a transaction they are written in it, by themselves.
    """
    if db.write_connection(InboxItem).in_atomic_block:
        insert(rows)
    else:
        _line.keep(rows)


class _Waiting:
    __slots__ = ("done", "error", "rows", "turn")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.turn = threading.Event()
        self.done = False
        self.error: Exception | None = None


class Line:
    """Threads that have something to write; the first of them writes for those behind it. ``insert`` writes rows."""

    def __init__(self, insert: Callable[[Sequence[Row]], None]) -> None:
        self.insert = insert
        self.lock = threading.Lock()
        self.waiting: list[_Waiting] = []
        self.led = False

    def keep(self, rows: Sequence[Row]) -> None:
        mine = _Waiting(rows)
        with self.lock:
            self.waiting.append(mine)
            first, self.led = not self.led, True
        if not first:
            mine.turn.wait()
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error

    def _lead(self) -> None:
        """Write for the first in line, which is this thread, and for those behind it; then the next one leads."""
        with self.lock:
            group = self._front()
        try:
            self._write(group)
        finally:
            with self.lock:
                following = self.waiting[0] if self.waiting else None
                self.led = following is not None
            for each in group:
                each.turn.set()
            if following is not None:
                following.turn.set()

    def _front(self) -> list[_Waiting]:
        count = rows = 0
        for each in self.waiting:
            rows += len(each.rows)
            if count and rows > MOST:
                break
            count += 1
        group, self.waiting = self.waiting[:count], self.waiting[count:]
        return group

    def _write(self, group: list[_Waiting]) -> None:
        try:
            try:
                self.insert([row for each in group for row in each.rows])
            except (OperationalError, InterfaceError) as error:
                for each in group:  # the database, not a row: nothing was kept
                    each.error = type(error)(*error.args)
            except Exception:
                if len(group) == 1:
                    raise
                for each in group:  # one of the rows: the others do not suffer
                    self._write([each])
        except Exception as error:  # noqa: BLE001  it is raised in the thread whose rows they are
            group[0].error = error
        for each in group:
            each.done = True


def insert(rows: Sequence[Row]) -> None:
    """One INSERT on this thread's connection."""
    if len(rows) == 1:
        _insert_one(rows[0])
    else:
        db.insert_rows(InboxItem, COLUMNS, rows, returning=())


def _insert_one(row: Row) -> None:
    """One row as its values: half the work of a document that a database has to unpack first."""
    connection = db.write_connection(InboxItem)
    partition, received_at, payload, attempts, error, dead_at = row
    moment = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(connection.vendor),
            [partition, moment(received_at), db.dumps(payload), attempts, error, moment(dead_at)],
        )


@functools.cache
def _statement(vendor: str) -> str:
    table = InboxItem._meta.db_table
    json = "%s::jsonb" if vendor == "postgresql" else "%s"
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    return f'INSERT INTO "{table}" ({columns}) VALUES (%s, %s, {json}, %s, %s, %s)'  # noqa: S608  # our own names


_line = Line(insert)
