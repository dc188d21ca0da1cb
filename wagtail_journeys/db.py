"""What the engine needs of the database beyond Django's ORM: one statement for a whole batch, claims and locks.

PostgreSQL and SQLite are spoken; ``checks`` refuses other databases. Every function costs one statement, whatever
the number of rows.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, models, router, transaction

M = TypeVar("M", bound=models.Model)
R = TypeVar("R")

#: PostgreSQL's advisory locks share one space of two integers; the first is ours.
LOCK_SPACE = 0x4A4F5552  # "JOUR"


#: For PostgreSQL, until the transaction ends: memory for lists of all contacts, so that they are not looked through again
#: for each; and no compiling (jit), which takes longer than these statements and cannot be interrupted.
ROOM = (
    "set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), 67108864) / 1024 || 'kB', true),"
    " set_config('jit', 'off', true)"
)


def write_connection(model: type[models.Model]) -> Any:
    return connections[router.db_for_write(model)]


def dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """What JSON has no word for, as both databases read it."""
    if isinstance(value, datetime.datetime):
        return str(value.astimezone(datetime.UTC).replace(tzinfo=None))
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _zoned(value: Any) -> Any:
    """The same for PostgreSQL, which holds moments with their zone."""
    return value.isoformat() if isinstance(value, datetime.datetime) else _plain(value)


def _fields(model: type[models.Model], names: Iterable[str]) -> list[models.Field[Any, Any]]:
    """The model's own columns of these names, never the far side of a relation."""
    return [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]


def _source(
    connection: Any, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """``rows`` as something to select from, named ``v`` with the columns ``c0``, ``c1`` …"""
    json_columns = [isinstance(field, models.JSONField) for field in fields]
    if connection.vendor == "postgresql":
        # One JSON document is read by the server faster than an array per column, which the driver has to quote.
        kinds = []
        for field, is_json in zip(fields, json_columns, strict=True):
            kind = "jsonb" if is_json else (field.cast_db_type(connection) or "text")
            # A cast to varchar(n) would cut long text short in silence; as text the column itself refuses it.
            kinds.append("text" if kind.startswith("varchar") else kind)
        names = [f"c{i}" for i in range(len(fields))]
        packed = json.dumps(
            [dict(zip(names, row, strict=True)) for row in rows], default=_zoned, ensure_ascii=False
        )
        shape = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
        return f"json_to_recordset(%s::json) AS v({shape})", [packed]
    packed = json.dumps(
        [
            [
                (None if value is None else dumps(value)) if is_json else value
                for value, is_json in zip(row, json_columns, strict=True)
            ]
            for row in rows
        ],
        default=_plain,
        ensure_ascii=False,
    )
    select = ", ".join(f"json_extract(value, '$[{i}]') AS c{i}" for i in range(len(fields)))
    return f"(SELECT {select} FROM json_each(%s)) AS v", [packed]


def insert_rows(
    model: type[models.Model],
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
    on_conflict: str = "",
    returning: Sequence[str] = ("id",),
) -> list[tuple[Any, ...]]:
    """Insert ``rows`` (values in the order of the field ``names``) in one statement.

    Returns a tuple of the ``returning`` columns for every row really inserted: with ``ignore_conflicts`` a row that
    a unique constraint refuses is left out, so ask for a column that tells which one it was. ``on_conflict`` is what SQL
    puts after ON CONFLICT instead ("(a, b) DO UPDATE SET …", the same in both databases). UUIDs and datetimes come
    back as the database driver gives them: ask for numbers and text.
    """
    if not rows:
        return []
    connection = write_connection(model)
    quote = connection.ops.quote_name
    fields = _fields(model, names)
    source, params = _source(connection, fields, rows)
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(field.column) for field in fields)}) "
        f"SELECT {', '.join(f'v.c{i}' for i in range(len(fields)))} FROM {source} WHERE true"
    )
    if ignore_conflicts or on_conflict:
        sql += f" ON CONFLICT {on_conflict or 'DO NOTHING'}"
    if returning:
        columns = [field.column for field in _fields(model, returning)]
        sql += f" RETURNING {', '.join(quote(column) for column in columns)}"
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if returning else []


def update_rows(
    model: type[models.Model], key: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> int:
    """Update many rows in one statement: each of ``rows`` is the ``key`` followed by the values of ``names``.

    Returns the number of rows changed.
    """
    if not rows:
        return 0
    connection = write_connection(model)
    quote = connection.ops.quote_name
    fields = _fields(model, (key, *names))
    source, params = _source(connection, fields, rows)
    table = quote(model._meta.db_table)
    settings = ", ".join(f"{quote(field.column)} = v.c{i}" for i, field in enumerate(fields) if i)
    sql = f"UPDATE {table} SET {settings} FROM {source} WHERE {table}.{quote(fields[0].column)} = v.c0"
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def claim(queryset: models.QuerySet[M, R], limit: int) -> list[R]:
    """Up to ``limit`` rows that nobody else holds, held until the transaction ends.

    ``FOR UPDATE SKIP LOCKED`` where the database has it; on SQLite the transaction is immediate, so that there is
    only one writer anyway. Must be called inside a transaction.
    """
    connection = connections[queryset.db]
    if connection.features.has_select_for_update_skip_locked:
        queryset = queryset.select_for_update(skip_locked=True, of=("self",))
    return list(queryset[:limit])


def locked(queryset: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows held until the transaction ends; whoever only refers to them is not kept waiting. Order them by key."""
    if connections[router.db_for_write(queryset.model)].features.has_select_for_no_key_update:
        return queryset.select_for_update(no_key=True)
    return queryset


def try_lock(model: type[models.Model], name: str) -> bool:
    """Take the lock called ``name`` until the transaction ends; False where another worker has it."""
    return bool(try_locks(model, [name], 1))


def try_locks(model: type[models.Model], names: Sequence[str], most: int) -> list[str]:
    """Take up to ``most`` of these locks until the transaction ends, in this order; returns those taken.

    Advisory locks on PostgreSQL; on SQLite the transaction is immediate and its worker alone anyway, so all are taken.
    """
    connection = write_connection(model)
    if connection.vendor != "postgresql":
        return list(names)
    taken: list[str] = []
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_SPACE, _lock_number(name)])
            if cursor.fetchone()[0]:
                taken.append(name)
            if len(taken) == most:
                break
    return taken


def lock_each(model: type[models.Model], names: Iterable[str]) -> None:
    """Wait for all of these locks, and hold them until the transaction ends. One statement.

    Whoever takes several takes them in the same order, so that nobody waits in a circle. On SQLite there is nothing to
    wait for: the transaction is immediate.
    """
    connection = write_connection(model)
    numbers = sorted({_lock_number(name) for name in names})
    if connection.vendor != "postgresql" or not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_advisory_xact_lock(%s, k)) FROM (SELECT unnest(%s::int[]) AS k) AS keys",
            [LOCK_SPACE, numbers],
        )


def _lock_number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big", signed=True)


def batch(model: type[models.Model]) -> transaction.Atomic:
    """The transaction of one batch on the database that ``model`` is written to."""
    return transaction.atomic(using=router.db_for_write(model))


@contextmanager
def prepared(connection: Any) -> Iterator[Any]:
    """A cursor for a statement that is run very often: PostgreSQL plans it once instead of every time.

    Not behind a pooler that hands out connections per transaction (``DISABLE_SERVER_SIDE_CURSORS``, as Django asks for
    there), nor with psycopg2, nor while Django logs statements, which it cannot read from a prepared one: then, and on
    other databases, it is a cursor like any other.
    """
    driver = connection.Database
    if (
        connection.vendor != "postgresql"
        or connection.queries_logged
        or connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        or not hasattr(driver, "ClientCursor")
    ):
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    link = connection.connection
    before, link.prepare_threshold = link.prepare_threshold, 0
    try:
        # As Django wraps its own: errors are Django's, and execute wrappers are asked.
        with connection._prepare_cursor(driver.Cursor(link)) as cursor:
            yield cursor
    finally:
        link.prepare_threshold = before


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def after_commit(model: type[models.Model], then: Callable[[], object]) -> None:
    """Call ``then`` once the transaction on ``model``'s database has been committed; its errors are logged."""
    transaction.on_commit(then, using=router.db_for_write(model), robust=True)
