"""A real qcluster, as a site runs it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from django.conf import settings

from tests.support import services
from tests.support.database import Database
from tests.support.processes import Running, manage, python

_numbers = itertools.count(1)


class RunningCluster(Running):
    """Use as a context manager. Clusters on one database and broker share the queue, as on several machines.

    ``smtp_port`` makes its mail go to a real server (tests.support.mail). The pids below it are, in the order
    django-q2 starts them: sentinel, workers, monitor, pusher.
    """

    def __init__(
        self,
        database: Database,
        *,
        broker: str = "orm",
        smtp_port: int | None = None,
        smtp_timeout: float = 5.0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        if broker == "redis":
            services.need_redis()
        self.database = database
        self.broker = broker
        self.queue = (
            f"{settings.Q_CLUSTER['name']}-{database.slug}"
            if broker == "redis"
            else settings.Q_CLUSTER["name"]
        )
        mail = {"TEST_SMTP_PORT": str(smtp_port), "TEST_SMTP_TIMEOUT": str(smtp_timeout)} if smtp_port else {}
        number = next(_numbers)
        self.env = {
            **database.env,
            "TEST_BROKER": broker,
            "TEST_REDIS_URL": services.REDIS_URL,
            "TEST_CLUSTER_NAME": self.queue,
            **mail,
            **(env or {}),
        }
        super().__init__(
            f"cluster {number}",
            manage("qcluster"),
            settings.TEST_DIR / f"cluster-{database.slug}-{number}.log",
            self.env,
        )

    def ready(self, timeout: float = 60.0) -> RunningCluster:
        """Wait until workers, monitor and pusher run."""
        self.says("running.", timeout)
        return self

    def enqueue(self, path: str) -> None:
        """Put a task into this cluster's queue, whatever broker this process itself is set to."""
        code = f"import django; django.setup(); from django_q.tasks import async_task; async_task({path!r})"
        log = self.log_path.with_suffix(".enqueue.log")
        with Running("enqueue", python("-c", code), log, self.env) as enqueuing:
            assert enqueuing.process.wait(60) == 0, enqueuing.log()

    def stop(self, within: float = 30.0) -> int:
        code = super().stop(within)
        if self.broker == "redis":
            import redis

            with redis.Redis.from_url(services.REDIS_URL) as client:
                client.delete(f"django_q:{self.queue}:q")
        return code
