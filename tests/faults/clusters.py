"""Clusters that get killed and come back, as under a supervisor that looks at them one by one."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.apps import DYING
from tests.support.cluster import RunningCluster
from tests.support.processes import members
from wagtail_journeys.management.supervisor import kill_group

#: A cluster that runs writes a line for every task, and somebody looks at the site twice a second. (After an error of the
#: database django-q2's pusher rests for ten seconds.)
PATIENCE = 15.0
START_WITHIN = 90.0

ROLES = {"worker": 5, "pusher": 1, "monitor": 1, "sentinel": 1, "main": 1}
SAID = {
    "worker": re.compile(r"ready for work at (\d+)"),
    "monitor": re.compile(r"monitoring at (\d+)"),
    "pusher": re.compile(r"pushing tasks at (\d+)"),
}


@dataclass
class Kept:
    """One cluster, and what its last sign of life was."""

    cluster: RunningCluster
    size: int = 0
    moved_at: float = field(default_factory=time.monotonic)
    died_at: float | None = None
    stay_dead: float = 0.0

    def stalled(self, now: float) -> bool:
        log = self.cluster.log()
        if len(log) != self.size:
            self.size, self.moved_at = len(log), now
        return now - self.moved_at > (PATIENCE if "running." in log else START_WITHIN)

    def victims(self) -> dict[str, list[int]]:
        """What lives of this cluster, by what it does; orphans of a dead main process count."""
        log = self.cluster.log()
        role = {int(pid): name for name, said in SAID.items() for pid in said.findall(log)}
        found: dict[str, list[int]] = {}
        for pid in members(self.cluster.pid):
            name = "main" if pid == self.cluster.pid else role.get(pid, "sentinel")
            found.setdefault(name, []).append(pid)
        return found


@dataclass
class Clusters:
    """``look`` as often as possible, ``kill_one`` now and then, ``stop`` in the end."""

    start: Callable[[], RunningCluster]
    number: int
    rng: random.Random
    kept: list[Kept] = field(default_factory=list)
    orphaned: list[Kept] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    all_logs: list[Path] = field(default_factory=list)
    stalls: int = 0

    def open(self) -> Clusters:
        self.kept = [self._started() for _ in range(self.number)]
        for kept in self.kept:
            kept.cluster.ready(START_WITHIN)
        return self

    def look(self) -> None:
        """Start again what died, and stop what does not work: killing an idle worker may leave it with the queue's lock."""
        now = time.monotonic()
        for place, kept in enumerate(self.kept):
            if not kept.cluster.running():
                if kept.died_at is None:
                    kept.died_at, kept.stay_dead = now, self.rng.uniform(0, 2)
                if now - kept.died_at >= kept.stay_dead:
                    self._replace(place)
            elif kept.stalled(now):
                self.stalls += 1
                kept.cluster.stop(within=2)
                self._replace(place)

    def _replace(self, place: int) -> None:
        """Some supervisors sweep what a dead main process leaves behind, some do not: strangers go on beside the new one."""
        old = self.kept[place]
        if self.rng.random() < 0.5:
            kill_group(old.cluster.pid)
        elif members(old.cluster.pid):
            self.orphaned.append(old)
        self.kept[place] = self._started()

    def _started(self) -> Kept:
        cluster = self.start()
        self.all_logs.append(cluster.log_path)
        return Kept(cluster)

    def kill_one(self) -> str:
        """kill -9 of one process of one cluster, at whatever it is doing. Returns what it was."""
        everybody: dict[str, list[int]] = {}
        for kept in [*self.kept, *self.orphaned]:
            for role, pids in kept.victims().items():
                everybody.setdefault(role, []).extend(pids)
        if not everybody:
            return ""
        roles = sorted(everybody)
        (role,) = self.rng.choices(roles, [ROLES[name] for name in roles])
        return role if self._kill(self.rng.choice(everybody[role]), role) else ""

    def kill_all(self, role: str) -> None:
        for kept in self.kept:
            for pid in kept.victims().get(role, []):
                self._kill(pid, role)

    def _kill(self, pid: int, role: str) -> bool:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.killed[role] += 1
        return True

    def stop(self) -> None:
        for kept in [*self.orphaned, *self.kept]:
            kept.cluster.stop(within=5)

    def web_env(self) -> dict[str, str]:
        """For a web process beside these clusters: the same site, without their weaknesses."""
        return {**self.kept[0].cluster.env, "FAULTS_SLOW_SQL": "", "FAULTS_DIE_EVERY": ""}

    def deaths(self) -> int:
        """How many workers died of a statement (FAULTS_DIE_EVERY)."""
        return sum(log.read_text(errors="replace").count(DYING) for log in self.all_logs)

    def say(self) -> str:
        roles = ", ".join(f"{number} {role}" for role, number in sorted(self.killed.items()))
        return f"{self.killed.total()} kills from outside ({roles}), {self.deaths()} inside a statement, {self.stalls} stalls"

    def logs(self) -> str:
        return "\n".join(
            f"--- {kept.cluster.name}\n{kept.cluster.log()[-4000:]}" for kept in [*self.orphaned, *self.kept]
        )
