"""The example site served over HTTP on a test's own database, for browsers."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from django.conf import settings

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
