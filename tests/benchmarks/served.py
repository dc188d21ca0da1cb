"""Single events through a real HTTP server: sixteen clients at once, against a view that does nothing behind the same
middleware. What counts is the processor time of the web process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

from tests.support.services import free_port

CLIENTS = 16


def application(environ, start_response):  # type: ignore[no-untyped-def]  # as WSGI has it
    return _site()(environ, start_response)


_found: list = []


def _site():  # type: ignore[no-untyped-def]
    if not _found:
        settings.ROOT_URLCONF = "tests.benchmarks.doors"
        settings.MIDDLEWARE = ["wagtail_journeys.ingest.middleware.CollectorMiddleware", *settings.MIDDLEWARE]
        settings.DATABASES["default"]["CONN_MAX_AGE"] = None
        _found.append(get_wsgi_application())
    return _found[0]


class Server:
    """One gunicorn worker with as many threads as there are clients, on this run's database."""

    def __enter__(self) -> Server:
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                f"127.0.0.1:{self.port}",
                "--worker-class",
                "gthread",
            ]
            + [
                "--workers",
                "1",
                "--threads",
                str(CLIENTS),
                "--keep-alive",
                "30",
                "tests.benchmarks.served:application",
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TEST_DATABASE_NAME": str(connection.settings_dict["NAME"])},
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("gunicorn does not answer")

    def __exit__(self, *exception: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def seconds(self) -> float:
        """Processor seconds of the worker so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        total = 0
        for pid in children:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def cost(self, address: str, headers: dict[str, str], bodies: Path, clients: int = CLIENTS) -> float:
        """Processor seconds of the worker while clients in another process post every line of the file."""
        before = self.seconds()
        sent = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.benchmarks.posting",
                str(self.port),
                address,
                str(clients),
                str(bodies),
            ]
            + [f"{name}: {value}" for name, value in headers.items()],
            capture_output=True,
            text=True,
            check=False,
        )
        if sent.returncode:
            raise RuntimeError(sent.stderr[-2000:])
        return self.seconds() - before
