from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

DYING = "FAULTS: dies"


class FaultsConfig(AppConfig):
    """Makes the database of a cluster's processes slow and its workers mortal.

    FAULTS_SLOW_SQL   every statement takes up to so many seconds longer: transactions last longer, so that a moment
                      chosen at random is more often one inside of them
    FAULTS_DIE_EVERY  one of so many statements in a task is its worker's last, by kill -9 before it or after it
    """

    name = "tests.faults"
    label = "faults"
    verbose_name = "Faults"

    def ready(self) -> None:
        slow = float(os.environ.get("FAULTS_SLOW_SQL") or 0)
        every = int(os.environ.get("FAULTS_DIE_EVERY") or 0)
        if not slow and not every:
            return

        def suffer(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            time.sleep(random.uniform(0, slow))
            fate = random.randrange(2 * every) if every and working else -1
            if fate == 0:
                die("before", sql)
            result = execute(sql, *rest)
            if fate == 1:
                die("after", sql)
            return result

        def attach(connection: Any, **kwargs: Any) -> None:
            if suffer not in connection.execute_wrappers:
                connection.execute_wrappers.append(suffer)

        working: list[int] = []
        connection_created.connect(attach, weak=False)
        if every:
            from django_q.signals import pre_execute

            def begin(**kwargs: Any) -> None:
                if not working:
                    working.append(os.getpid())
                    random.seed()  # workers are forked, and would all draw the same lot

            pre_execute.connect(begin, weak=False)


def die(when: str, sql: str) -> None:
    os.write(2, f"{DYING} {when}: {' '.join(sql.split())[:100]}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
