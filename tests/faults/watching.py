"""Waiting while clusters are kept alive."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.clusters import Clusters
from tests.support.waiting import wait_for


def watch(
    clusters: Clusters,
    condition: Callable[[], object],
    timeout: float,
    otherwise: Callable[[], object] | None = None,
) -> None:
    """Wait until the condition is true, and start again what died or stalled meanwhile."""

    def look() -> object:
        clusters.look()
        return condition()

    def report() -> str:
        return f"{otherwise() if otherwise else ''}\n{clusters.logs()}"

    wait_for(look, timeout, every=0.2, otherwise=report)
