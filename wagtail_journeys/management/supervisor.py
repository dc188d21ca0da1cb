"""Runs several programs as one thing: starts them, restarts what dies or stalls, and leaves nothing behind.

Each program runs in a session of its own, so Ctrl-C on the terminal reaches the supervisor only. It then asks every
program to stop by SIGTERM to its *main* process — a qcluster whose whole group is signalled deadlocks — waits, and
sweeps the program's process group with SIGKILL: orphans of a dead parent, and whatever did not stop in time.

A supervisor that is itself killed cannot sweep. A guard does it: this same file run as a tiny script, holding the
read end of a pipe. The supervisor writes which process groups live; when the pipe closes, however that came about,
the guard stops what is still on its list. No Django in here.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import IO, Any

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
STEADY_AFTER = 60.0


class ProgressUnknown(Exception):
    """Progress cannot be read just now, which says nothing about the program: ask again later."""


@dataclass(frozen=True)
class Program:
    """Something to keep running."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    # A value that changes while the program works; None means it has not begun. Without it only death is noticed.
    progress: Callable[[], object | None] | None = None


@dataclass
class Child:
    """A program and its present process, or the moment it is to be started again."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    started: float = 0.0
    failures: int = 0
    stop_by: float | None = None
    last_progress: object = None
    progress_at: float = 0.0
    asked_at: float = 0.0

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self, now: float) -> None:
        program = self.program
        env = {**os.environ, **(program.env or {})}
        self.process = subprocess.Popen(
            list(program.command), env=env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.started = self.progress_at = now
        self.stop_by = None

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def ask_to_stop(self, stop_by: float) -> None:
        """SIGTERM to the main process alone; the rest of the group is its own to stop."""
        self.stop_by = stop_by
        if self.process and not self.ended():
            self.process.terminate()

    def sweep(self) -> int | None:
        """Leave nothing of the process group, and return the exit code of its main process."""
        if self.process is None:
            return None
        kill_group(self.process.pid)
        code = self.process.wait()
        self.process = None
        self.stop_by = None
        return code

    def start_later(self, now: float) -> float:
        """Back off: twice as long after each failure, from the beginning after a steady minute."""
        self.failures = 1 if now - self.started >= STEADY_AFTER else self.failures + 1
        delay = min(FIRST_DELAY * 2.0 ** min(self.failures - 1, 10), LONGEST_DELAY)
        self.start_at = now + delay
        return delay


@dataclass
class Supervisor:
    """Keeps programs running until told to stop by SIGINT, SIGTERM or SIGHUP."""

    programs: Sequence[Program]
    say: Callable[[str], object]
    patience: float = 90.0
    stop_within: float = 25.0
    look_every: float = 1.0
    ask_every: float = 5.0
    each_look: Callable[[], object] = lambda: None
    clock: Callable[[], float] = time.monotonic
    children: list[Child] = field(init=False)
    asked_to_stop: int = field(default=0, init=False)
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.children = [Child(program) for program in self.programs]
        self.guard = Guard(self.stop_within)

    def run(self) -> int:
        """Start, keep running, stop. Returns the number of programs that had to be killed."""
        with Signals(self._asked) as signals:
            try:
                while not self.asked_to_stop:
                    self.look()
                    self.each_look()
                    signals.wait(self.look_every)
            finally:
                killed = self._stop_all(signals)
        return killed

    def look(self) -> None:
        """Bring every child one transition further."""
        now = self.clock()
        self.guard.keep(child.pid for child in self.children if child.pid)
        for child in self.children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child, now)
            elif child.ended():
                self._restart(child, now, "stopped" if child.stop_by else "died")
            elif child.stop_by is not None:
                if now >= child.stop_by:
                    self._restart(child, now, "did not stop and was killed")
            elif self._stalled(child, now):
                self.say(f"{child.program.name}: no progress for {self.patience:.0f} s, restarting it")
                child.ask_to_stop(now + self.stop_within)

    def _start(self, child: Child, now: float) -> None:
        try:
            child.start(now)
        except OSError as error:
            delay = child.start_later(now)
            self.say(f"{child.program.name}: cannot be started ({error}); next try in {delay:.1f} s")
            return
        self.guard.add(child.process.pid)  # type: ignore[union-attr]  # just started
        self.say(f"{child.program.name}: started (pid {child.pid})")

    def _restart(self, child: Child, now: float, what: str) -> None:
        pid = child.pid
        code = child.sweep()
        if pid is not None:
            self.guard.remove(pid)
        delay = child.start_later(now)
        self.say(f"{child.program.name}: {what} ({describe_exit(code)}); starting again in {delay:.1f} s")

    def _stalled(self, child: Child, now: float) -> bool:
        if child.program.progress is None:
            return False
        if now - child.asked_at >= self.ask_every:
            child.asked_at = now
            try:
                progress = child.program.progress()
            except ProgressUnknown as unknown:
                self.say(f"{child.program.name}: {unknown}")
                child.progress_at = now
                return False
            if progress != child.last_progress:
                child.last_progress = progress
                child.progress_at = now
        return now - child.progress_at >= self.patience

    def _asked(self) -> None:
        self.asked_to_stop += 1

    def _stop_all(self, signals: Signals) -> int:
        running = [child for child in self.children if child.process is not None]
        if running:
            self.say(f"stopping (up to {self.stop_within:.0f} s; once more to stop at once)")
        stop_by = self.clock() + self.stop_within
        asked_before = self.asked_to_stop
        for child in running:
            child.ask_to_stop(stop_by)
        while (
            any(not child.ended() for child in running)
            and self.clock() < stop_by
            and self.asked_to_stop <= asked_before
        ):
            signals.wait(min(self.look_every, 0.2))
        killed = 0
        for child in running:
            in_time = child.ended()
            code = child.sweep()
            killed += not in_time
            self.say(
                f"{child.program.name}: "
                + (f"stopped ({describe_exit(code)})" if in_time else "did not stop and was killed")
            )
        self.guard.dismiss()
        return killed


def describe_exit(code: int | None) -> str:
    if code is None:
        return "never ran"
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody left; macOS says "not permitted" of a group that holds only a zombie.
        return


class Signals(AbstractContextManager["Signals"]):
    """Counts requests to stop, and waits in a way that a signal or the death of a child ends at once."""

    STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, asked: Callable[[], None]) -> None:
        self.asked = asked
        self.before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        os.set_blocking(self.write_end, False)
        self.wakeup_before = signal.set_wakeup_fd(self.write_end, warn_on_full_buffer=False)
        for number in self.STOP:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started by nohup: the terminal may go
            self.before[number] = signal.signal(number, self._stop)
        self.before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self.wakeup_before)
        for number, handler in self.before.items():
            signal.signal(number, handler)
        os.close(self.read_end)
        os.close(self.write_end)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.asked()

    def wait(self, seconds: float) -> None:
        ready, _, _ = select.select([self.read_end], [], [], seconds)
        if ready:
            os.read(self.read_end, 1024)


class Guard:
    """The supervisor's end of the pipe to the process that survives it."""

    def __init__(self, stop_within: float) -> None:
        self.stop_within = stop_within
        self.process: subprocess.Popen[bytes] | None = None

    def keep(self, pids: Iterable[int]) -> None:
        """Start the guard, or start it again if somebody killed it, and tell it what lives."""
        if self.process is not None and self.process.poll() is None:
            return
        self._close()
        self.process = subprocess.Popen(
            # What lives is told with the start, so that there is no moment in which a new guard knows nothing.
            [sys.executable, "-I", "-S", __file__, str(self.stop_within), *map(str, pids)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def add(self, pid: int) -> None:
        self._tell(f"+{pid}\n")

    def remove(self, pid: int) -> None:
        self._tell(f"-{pid}\n")

    def dismiss(self) -> None:
        """Everything is stopped: the guard may go, with nothing to do."""
        self._tell("done\n")
        if self.process is not None:
            self._close()
            self.process.wait()
            self.process = None

    def _tell(self, line: str) -> None:
        if self.process is None or self.process.stdin is None:
            return
        try:
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            # Killed a moment ago; keep() starts another and tells it everything.
            return

    def _close(self) -> None:
        if self.process is None or self.process.stdin is None:
            return
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            return


def stand_guard(orders: IO[str], stop_within: float, alive: set[int]) -> None:
    """Read which groups live until the pipe closes; then stop those that still do."""
    for line in orders:
        order = line.strip()
        if order == "done":
            return
        if order.startswith("+"):
            alive.add(int(order[1:]))
        elif order.startswith("-"):
            alive.discard(int(order[1:]))

    for pid in alive:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    stop_by = time.monotonic() + stop_within
    while alive and time.monotonic() < stop_by:
        alive = {pid for pid in alive if main_process_lives(pid)}
        select.select([], [], [], 0.1)
    for pid in alive:
        kill_group(pid)


def main_process_lives(pid: int) -> bool:
    """Whether the leader of the group still runs; when it does not, what it left behind is swept."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            # A zombie nobody reaps (a container without an init) is dead enough.
            lives = stat.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        # No such process, or a system without /proc.
        try:
            os.kill(pid, 0)
            lives = True
        except ProcessLookupError:
            lives = False
    if not lives:
        kill_group(pid)
    return lives


if __name__ == "__main__":
    # Ctrl-C on the supervisor's terminal is the supervisor's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stand_guard(sys.stdin, float(sys.argv[1]), {int(pid) for pid in sys.argv[2:]})
