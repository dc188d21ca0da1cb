"""A PostgreSQL server of one test's own, that it may stop, kill and start again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import connection

from tests.support import services
from tests.support.database import Database
from tests.support.services import free_port

#: Where distributions put the programs that are not on PATH.
PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program(name: str) -> str:
    found = next((str(place / name) for place in PLACES if (place / name).exists()), None) or shutil.which(
        name
    )
    if not found:
        services.missing(f"{name} is not installed: it comes with the PostgreSQL server")
    return str(found)


class OwnPostgres:
    """Holds a copy of the run's database. Use as a context manager; it runs until ``stop``."""

    def __init__(self, template: Database) -> None:
        self.template = template
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="journeys-postgres-"))
        self.data = self.folder / "data"
        # The server refuses to run as root.
        self.user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")

    @property
    def database(self) -> Database:
        return Database("postgres", "journeys")

    @property
    def env(self) -> dict[str, str]:
        """What another process needs to work on it."""
        return {**self.database.env, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres"}

    def __enter__(self) -> OwnPostgres:
        try:
            self._run(
                program("initdb"),
                "-D",
                str(self.data),
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--no-sync",
            )
            self.start()
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._control("start", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """``fast`` as a distribution's restart does; ``immediate`` as if its power went."""
        self._control("stop", "-m", mode)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @contextmanager
    def in_use(self) -> Iterator[OwnPostgres]:
        """Let the ORM of this process work on it."""
        settings = connection.settings_dict
        before = {name: settings[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
        connection.close()
        settings.update(
            {
                "NAME": "journeys",
                "HOST": "127.0.0.1",
                "PORT": str(self.port),
                "USER": "postgres",
                "PASSWORD": "",
            }
        )
        cache.clear()
        try:
            yield self
        finally:
            connection.close()
            settings.update(before)
            cache.clear()

    def _fill(self) -> None:
        dump = self.folder / "dump"
        settings = connection.settings_dict
        source = ["-h", settings["HOST"], "-p", settings["PORT"], "-U", settings["USER"]]
        secret = {"env": {**os.environ, "PGPASSWORD": settings["PASSWORD"]}}
        made = subprocess.run(
            [program("pg_dump"), *source, "--no-owner", self.template.name],
            capture_output=True,
            check=False,
            **secret,
        )
        if made.returncode:
            services.missing(f"pg_dump cannot copy the database: {made.stderr[-300:]!r}")
        dump.write_bytes(made.stdout)
        target = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1"]
        self._run(program("psql"), *target, "-d", "postgres", "-c", "CREATE DATABASE journeys")
        self._run(program("psql"), *target, "-d", "journeys", "-f", str(dump), stdout=subprocess.DEVNULL)

    def _control(self, *arguments: str) -> None:
        self._run(program("pg_ctl"), "-D", str(self.data), "-w", "-t", "30", *arguments)

    def _run(self, *command: str, **options: Any) -> None:
        # Not captured through a pipe: the server would hold it open.
        with (self.folder / "programs.log").open("ab") as log:
            given = {"stdout": log, **options}
            done = subprocess.run(
                command, cwd=self.folder, stderr=subprocess.STDOUT, check=False, **given, **self.user
            )
        assert done.returncode == 0, (self.folder / "programs.log").read_text(errors="replace")[-2000:]
