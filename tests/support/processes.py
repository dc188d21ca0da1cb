"""Real programs in sessions of their own, stopped politely and then swept, so that a test leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.waiting import wait_for
from wagtail_journeys.management.supervisor import kill_group

ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: str) -> list[str]:
    """A command line of this Python that sees the project."""
    return [sys.executable, *arguments]


def manage(*arguments: str) -> list[str]:
    return python("-m", "django", *arguments)


class Running:
    """A started program. Its output goes to a log that failures can show."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log_path = log
        log.parent.mkdir(parents=True, exist_ok=True)
        everything = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            **(env or {}),
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env=everything,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def says(self, text: str, timeout: float = 60.0) -> None:
        """Wait until the program has written this, or fail with what it wrote instead."""

        def said() -> bool:
            return text in self.log() or not self.running()

        wait_for(said, timeout, what=f"{self.name} says {text!r}", otherwise=self.log)
        assert text in self.log(), f"{self.name} ended with {self.process.returncode}:\n{self.log()}"

    def descendants(self) -> list[int]:
        return descendants(self.pid)

    def kill(self, pid: int | None = None) -> None:
        """kill -9, of the main process or of one of its descendants."""
        os.kill(pid or self.pid, signal.SIGKILL)

    def stop(self, within: float = 30.0) -> int:
        """SIGTERM to the main process, a deadline, then SIGKILL for whatever is left of the group."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                pass
        kill_group(self.pid)
        return self.process.wait()


def processes() -> Iterator[tuple[int, int, str]]:
    """Every process as (pid, parent, state); the dead that nobody has collected have state Z."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True
    ).stdout
    for line in listing.splitlines():
        pid, parent, state = line.split()
        yield int(pid), int(parent), state


def alive(pid: int) -> bool:
    return any(other == pid and not state.startswith("Z") for other, _, state in processes())


def descendants(pid: int) -> list[int]:
    """Children, and theirs, in the order they were started."""
    children: dict[int, list[int]] = {}
    for other, parent, state in processes():
        if not state.startswith("Z"):
            children.setdefault(parent, []).append(other)
    found: list[int] = []
    queue = [pid]
    while queue:
        for child in sorted(children.get(queue.pop(0), [])):
            found.append(child)
            queue.append(child)
    return found


def members(group: int) -> list[int]:
    """What lives of a process group, whoever its parents are: also what a killed main process left behind."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat="], check=True, capture_output=True, text=True
    ).stdout
    rows = (line.split() for line in listing.splitlines())
    return sorted(int(pid) for pid, pgid, state in rows if int(pgid) == group and not state.startswith("Z"))
