"""A whole segment brought up to date inside the database: who stays is not touched, and no row passes through Python."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from wagtail_journeys import db

from .models import Membership


@dataclass(frozen=True)
class Change:
    """A contact entered (``entered``) or left a segment; ``membership`` is the id of the stay.

    ``again``: a stay goes on as if it had never ended; the contact is inside, and yet has not entered.
    """

    segment: int
    contact: int
    membership: int
    entered: bool
    at: datetime.datetime
    again: bool = False


@dataclass(frozen=True)
class Diff:
    """What ``apply`` has written for one segment; its changes are read back when somebody wants them."""

    segment: int
    at: datetime.datetime
    after: int  # the newest membership there was before
    entered: int
    left: int

    def __len__(self) -> int:
        return self.entered + self.left

    def changes(self, chunk: int) -> Iterator[Change]:
        """Every change, read from the database ``chunk`` at a time."""
        mine = Membership.objects.filter(segment_id=self.segment).order_by()
        if self.entered:
            new = mine.filter(entered_at=self.at, pk__gt=self.after).values_list("pk", "contact_id")
            for pk, contact in new.iterator(chunk_size=chunk):
                yield Change(self.segment, contact, pk, True, self.at)
        if self.left:
            gone = mine.filter(left_at=self.at, pk__lte=self.after).values_list("pk", "contact_id")
            for pk, contact in gone.iterator(chunk_size=chunk):
                yield Change(self.segment, contact, pk, False, self.at)


@dataclass
class Moves:
    """Changes of many segments: known ones, and those of diffs, which stay in the database until they are asked for."""

    known: list[Change] = field(default_factory=list)
    diffs: list[Diff] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.known) + sum(map(len, self.diffs))

    def parts(self, size: int = 5000) -> Iterator[list[Change]]:
        """All changes, at most ``size`` at a time in memory. Inside the transaction that made them."""
        stream = self._stream(size)
        while part := list(islice(stream, size)):
            yield part

    def _stream(self, size: int) -> Iterable[Change]:
        yield from self.known
        for diff in self.diffs:
            yield from diff.changes(size)


# One statement: the rules are asked once, and what they answered is compared with the open stays both ways. A full join
# is one pass whatever the planner thinks of the numbers: it cannot be made a loop. Who leaves is looked up by contact, as
# an array, so that the planner does not think of walking through all stays for a few.
POSTGRESQL = """
    WITH moved (id, stay) AS MATERIALIZED (
        SELECT matching.id, inside.contact_id
        FROM ({select}) matching (id)
        FULL JOIN (SELECT contact_id FROM {membership} WHERE segment_id = %s AND left_at IS NULL) inside
            ON inside.contact_id = matching.id
        WHERE matching.id IS NULL OR inside.contact_id IS NULL
    ),
    gone AS (
        UPDATE {membership} SET left_at = %s WHERE segment_id = %s AND left_at IS NULL
        AND contact_id = ANY (ARRAY(SELECT stay FROM moved WHERE id IS NULL))
        RETURNING 1
    ),
    new AS (
        INSERT INTO {membership} (segment_id, contact_id, entered_at)
        SELECT %s, id, CAST(%s AS timestamptz) FROM moved WHERE stay IS NULL
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM new)
"""
# On SQLite the rules are asked into a temporary table.
GONE = """
    UPDATE {membership} SET left_at = %s
    WHERE segment_id = %s AND left_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM wj_matching WHERE wj_matching.id = {membership}.contact_id)
"""
NEW = """
    INSERT INTO {membership} (segment_id, contact_id, entered_at)
    SELECT %s, wj_matching.id, %s FROM wj_matching
    WHERE NOT EXISTS (
        SELECT 1 FROM {membership} stay
        WHERE stay.segment_id = %s AND stay.left_at IS NULL AND stay.contact_id = wj_matching.id
    )
    ON CONFLICT DO NOTHING
"""


def apply(segment: int, matching: QuerySet[Any, Any], now: datetime.datetime) -> Diff:
    """Close the stays of those who match no longer and open stays for those who match now. Inside a transaction.

    ``matching`` is a queryset of ids, as ``compiler.everybody_matching`` gives them.

    One statement on PostgreSQL; on SQLite, which has no such statement, a temporary table and two.
    """
    connection = db.write_connection(Membership)
    newest = Membership.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    query = matching.query
    try:
        select, params = query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        select, params = "SELECT 0 WHERE 1 = 0", ()
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        run = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
        left, entered = run(cursor, select, list(params), segment, moment)
    return Diff(segment, now, newest, entered, left)


def _on_postgresql(cursor: Any, select: str, params: list[Any], segment: int, moment: Any) -> tuple[int, int]:
    cursor.execute(f"SELECT {db.ROOM}")
    sql = POSTGRESQL.format(membership=_table(), select=select)
    cursor.execute(sql, [*params, segment, moment, segment, segment, moment])
    left, entered = cursor.fetchone()
    return left, entered


def _on_sqlite(cursor: Any, select: str, params: list[Any], segment: int, moment: Any) -> tuple[int, int]:
    cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS wj_matching (id integer PRIMARY KEY)")
    cursor.execute("DELETE FROM wj_matching")
    cursor.execute(f"INSERT OR IGNORE INTO wj_matching {select}", params)
    cursor.execute(GONE.format(membership=_table()), [moment, segment])
    left = cursor.rowcount
    cursor.execute(NEW.format(membership=_table()), [segment, moment, segment])
    entered = cursor.rowcount
    cursor.execute("DELETE FROM wj_matching")
    return left, entered


def _table() -> str:
    return f'"{Membership._meta.db_table}"'
