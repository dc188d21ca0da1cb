from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from wagtail_journeys.db import dumps


def vendor() -> str:
    return str(settings.TEST_DATABASE)


def tune() -> None:
    settings.TEST_DIR.mkdir(parents=True, exist_ok=True)
    logging.disable(logging.WARNING)


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and processor seconds of this process and its database connection together.

    Processor time moves far less than the clock where other work shares the machine, and leaves out waiting for disks.
    """

    clock: float
    processor: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.clock + other.clock, self.processor + other.processor)


def timed(call: Callable[[], Any]) -> Cost:
    clock, processor = time.perf_counter(), processor_seconds()
    call()
    return Cost(time.perf_counter() - clock, processor_seconds() - processor)


def processor_seconds() -> float:
    own = time.process_time()
    if vendor() != "postgres":
        return own
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    stat = Path(f"/proc/{pid}/schedstat")
    if not stat.exists():  # the server is elsewhere, or not on Linux: the application's share alone
        return own
    return own + int(stat.read_text().split()[0]) / 1e9


def analyse() -> None:
    """Bring the planner's statistics up to date, as autovacuum does on a site that has run for a while."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def clone_table(table: str) -> str:
    """An empty table with the same columns, constraints and indexes."""
    copy = f"{table}_peer"
    with connection.cursor() as cursor:
        if vendor() == "postgres":
            cursor.execute(f'CREATE TABLE "{copy}" (LIKE "{table}" INCLUDING ALL)')
        else:
            cursor.execute(
                "SELECT type, sql FROM sqlite_master WHERE tbl_name = %s AND sql IS NOT NULL", [table]
            )
            for _kind, sql in cursor.fetchall():
                cursor.execute(
                    sql.replace(f'"{table}"', f'"{copy}"')
                    .replace('INDEX "', 'INDEX "peer_')
                    .replace("%", "%%")
                )
    return copy


def load(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """The fastest way the driver has to put rows into a table: COPY, or executemany on SQLite."""
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        if vendor() == "postgres":
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(
                        [dumps(value) if isinstance(value, dict | list) else value for value in row]
                    )
        else:
            marks = ", ".join(["?"] * len(columns))
            prepared = [
                [dumps(value) if isinstance(value, dict | list) else _plain(value) for value in row]
                for row in rows
            ]
            cursor.cursor.connection.execute("BEGIN IMMEDIATE")
            cursor.cursor.connection.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})', prepared
            )
            cursor.cursor.connection.execute("COMMIT")


def _plain(value: Any) -> Any:
    return (
        str(value)
        if hasattr(value, "isoformat") or hasattr(value, "hex") and not isinstance(value, float)
        else value
    )
