"""SHA-256 in SQL, and what is drawn by lot with it: the same in PostgreSQL, SQLite and Python."""

from __future__ import annotations

import decimal
import hashlib
import uuid
from typing import Any

from django.db.models import F, Func, TextField
from django.db.models.functions import SHA256

#: Hex digits of the hash that are looked at: one part in four thousand million.
DIGITS = 8


class Sha256(SHA256):
    """Django's own wants an extension of PostgreSQL; the function itself is part of it since PostgreSQL 11."""

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
        return Func.as_sql(self, compiler, connection, template=template, **extra)


class Hex(Func):
    """A UUID as 32 digits, as SQLite keeps it."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(
            compiler, connection, template="replace(%(expressions)s::text, '-', '')", **extra
        )

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="%(expressions)s", **extra)


class Position(Func):
    """Where the hash of a text stands, as ``DIGITS`` hex digits that compare like numbers."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = f'substr(%(expressions)s, 1, {DIGITS}) COLLATE "C"'
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template=f"substr(%(expressions)s, 1, {DIGITS})", **extra)


def position(contact: uuid.UUID, salt: str) -> str:
    """The same for one contact, in Python: sha256("<32 digits of the uuid>:<salt>")."""
    return hashlib.sha256(f"{contact.hex}:{salt}".encode()).hexdigest()[:DIGITS]


def below(percent: decimal.Decimal) -> str | None:
    """Positions of the lowest ``percent`` of all contacts are less than this; None where all are."""
    edge = int(percent * 16**DIGITS / 100)
    return None if edge >= 16**DIGITS else f"{max(edge, 0):0{DIGITS}x}"


def uuid_digits() -> Any:
    return Hex(F("uuid"))
