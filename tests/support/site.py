"""The example site served over HTTP on a test's own database, for browsers.

``SiteHere`` serves it in a thread of the test's own process, at once; ``RunningSite`` is a process with an environment of
its own, which takes seconds to start.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Self

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings

from tests.support.database import Database
from tests.support.processes import Running, manage
from tests.support.services import free_port
from tests.support.waiting import wait_for


class RunningSite(Running):
    """``manage.py runserver`` in a session of its own; a context manager with a ``url``."""

    def __init__(self, database: Database, *, env: Mapping[str, str] | None = None) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "site",
            # --insecure serves static files although tests run with DEBUG off.
            manage("runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"),
            settings.TEST_DIR / f"site-{database.slug}-{port}.log",
            {
                **database.env,
                "WAGTAILADMIN_BASE_URL": self.url,
                "CSRF_TRUSTED_ORIGINS": self.url,
                **(env or {}),
            },
        )

    def ready(self, path: str = "/admin/login/", timeout: float = 60.0) -> RunningSite:
        def serves() -> bool:
            assert self.running(), f"the site ended:\n{self.log()}"
            try:
                with urllib.request.urlopen(self.url + path, timeout=10) as response:  # noqa: S310  # ours
                    return bool(response.status == 200)
            except urllib.error.HTTPError as error:
                error.close()
                raise AssertionError(f"{path} answered {error.code}:\n{self.log()}") from error
            except OSError:
                return False

        wait_for(serves, timeout, what=f"{self.url}{path} answers", otherwise=self.log)
        return self


class SiteHere:
    """The same code and settings as the test's, in threads with connections of their own; a context manager with a ``url``."""

    def __enter__(self) -> Self:
        self._thread = LiveServerThread("127.0.0.1", static_handler=StaticFilesHandler)
        self._thread.daemon = True
        self._thread.start()
        self._thread.is_ready.wait()
        if self._thread.error:
            raise self._thread.error
        self.url = f"http://127.0.0.1:{self._thread.port}"
        self._settings = override_settings(WAGTAILADMIN_BASE_URL=self.url)
        self._settings.enable()
        return self

    def __exit__(self, *exception: object) -> None:
        self._settings.disable()
        self._thread.terminate()
