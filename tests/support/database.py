"""Databases that belong to one test and are seen by every process of it.

The run migrates one database. A copy of it, taken before any test has written to it, is the template; a test that
starts clusters gets a copy of that copy, with Wagtail's first rows in it, and drops it afterwards.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    vendor: str
    name: str

    @property
    def env(self) -> dict[str, str]:
        """What a process needs in its environment to work on this database."""
        return {"TEST_DATABASE": self.vendor, "TEST_DATABASE_NAME": self.name}

    @property
    def slug(self) -> str:
        return Path(self.name).stem

    def copy(self, label: str) -> Database:
        if self.vendor == "postgres":
            made = Database(self.vendor, f"{_base_name()}_{label}")
            _administer(f'CREATE DATABASE "{made.name}" TEMPLATE "{self.name}"')
        else:
            made = Database(
                # pytest-xdist puts the name of its worker behind ".sqlite3".
                self.vendor,
                str(
                    Path(self.name).with_name(
                        f"{Path(_base_name()).name.replace('.sqlite3', '')}_{label}.sqlite3"
                    )
                ),
            )
            with sqlite3.connect(self.name) as source, sqlite3.connect(made.name) as target:
                source.backup(target)
            source.close()
            target.close()
        return made

    def drop(self) -> None:
        if self.vendor == "postgres":
            _administer(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        else:
            for suffix in ("", "-wal", "-shm"):
                Path(self.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def in_use(self) -> Iterator[Database]:
        """Let the ORM of this process work on this database, with commits that others see."""
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = self.name
        _forget()
        try:
            yield self
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            _forget()


def keep_template() -> Database:
    """Copy the database just migrated, before a test writes to it."""
    connection.close()
    return Database(settings.TEST_DATABASE, _base_name()).copy("template")


@contextmanager
def temporary_copy(template: Database) -> Iterator[Database]:
    made = template.copy(str(next(_numbers)))
    try:
        with made.in_use():
            yield made
    finally:
        made.drop()


def _base_name() -> str:
    """The migrated database of this run; pytest-xdist gives each of its workers one."""
    return str(connection.settings_dict["TEST"]["NAME"])


def _administer(statement: str) -> None:
    """Run a statement that wants to be outside of the database it is about."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def _forget() -> None:
    """What this process remembers of the rows of another database."""
    cache.clear()
    ContentType.objects.clear_cache()


def remove_directory() -> None:
    shutil.rmtree(settings.TEST_DIR, ignore_errors=True)
