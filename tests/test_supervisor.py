"""``journeys_run``: what dies is restarted, what stalls too, and nothing outlives it. Real processes throughout."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.processes import Running, alive, descendants, manage, python
from tests.support.services import free_port
from tests.support.waiting import wait_for
from wagtail_journeys.management.supervisor import Child, Program, describe_exit

# Programs to supervise. Each says its pid, has a child in its group, and behaves as its name says.
POLITE = "import os, signal, subprocess, sys; {child}; print('polite', os.getpid(), child.pid, flush=True); signal.pause()"
STUBBORN = (
    "import os, signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); {child}; "
    "print('stubborn', os.getpid(), child.pid, flush=True)\nwhile True: signal.pause()"
)
CHILD = "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])"

DRIVER = """
import json, os, sys
from wagtail_journeys.management.supervisor import Program, Supervisor

options = json.loads(sys.argv[1])
programs = []
for name, code, beat in options["programs"]:
    def progress(beat=beat):
        return open(beat).read()
    programs.append(Program(name, [sys.executable, "-c", code], progress=progress if beat else None))
killed = Supervisor(
    programs, say=lambda text: print(text, flush=True), patience=options["patience"],
    stop_within=options["stop_within"], look_every=0.05, ask_every=0.05,
).run()
print("killed", killed, flush=True)
"""

Supervise = Callable[..., Running]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    with ExitStack() as running:

        def start(
            *programs: tuple[str, str, str | None], patience: float = 60, stop_within: float = 20
        ) -> Running:
            options = {
                "programs": [(name, code.format(child=CHILD), beat) for name, code, beat in programs],
                "patience": patience,
                "stop_within": stop_within,
            }
            return running.enter_context(
                Running("supervisor", python("-c", DRIVER, json.dumps(options)), tmp_path / "supervisor.log")
            )

        yield start


def pids_said(running: Running, name: str, times: int = 1) -> list[int]:
    """The pids (its own and its child's) that a program last said, once it has said them so often."""

    def said() -> list[tuple[str, str]]:
        found = re.findall(rf"^{name} (\d+) (\d+)$", running.log(), re.MULTILINE)
        return found if len(found) >= times else []

    return [
        int(pid) for pid in wait_for(said, what=f"{name} started {times} times", otherwise=running.log)[-1]
    ]


def all_gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_leaves_nothing_running(supervise: Supervise, number: int) -> None:
    """Also what a program started itself is gone, and the exit is clean."""
    supervisor = supervise(("a", POLITE, None), ("b", POLITE, None))
    supervisor.says("b: started")
    pids = pids_said(supervisor, "polite", times=2) + supervisor.descendants()

    supervisor.process.send_signal(number)

    assert supervisor.process.wait(30) == 0
    assert "killed 0" in supervisor.log()
    assert len(pids) >= 5  # two programs, their children and the guard
    wait_for(all_gone(pids))


def test_a_program_that_ignores_the_request_is_killed_at_the_deadline(supervise: Supervise) -> None:
    """Its whole group goes, and the supervisor says how many it had to kill."""
    supervisor = supervise(("a", STUBBORN, None), stop_within=0.5)
    pids = pids_said(supervisor, "stubborn")

    supervisor.process.send_signal(signal.SIGINT)

    supervisor.process.wait(30)
    assert "killed 1" in supervisor.log()
    wait_for(all_gone(pids))


def test_asking_twice_stops_at_once(supervise: Supervise) -> None:
    """A second Ctrl-C does not wait for the deadline."""
    supervisor = supervise(("a", STUBBORN, None), stop_within=600)
    pids = pids_said(supervisor, "stubborn")

    supervisor.process.send_signal(signal.SIGINT)
    supervisor.says("once more to stop at once")
    supervisor.process.send_signal(signal.SIGINT)

    supervisor.process.wait(30)
    wait_for(all_gone(pids))


def test_a_killed_program_starts_again_and_its_orphans_go(supervise: Supervise) -> None:
    """What a killed main process leaves behind does not run beside the new one."""
    supervisor = supervise(("a", POLITE, None))
    before = pids_said(supervisor, "polite")

    os.kill(before[0], signal.SIGKILL)

    after = pids_said(supervisor, "polite", times=2)
    assert after[0] != before[0]
    assert all_gone(before)()
    assert "a: died (SIGKILL)" in supervisor.log()


def test_killing_the_supervisor_takes_its_programs_with_it(supervise: Supervise) -> None:
    """kill -9 leaves it no chance to act; the guard does."""
    supervisor = supervise(("a", POLITE, None), ("b", POLITE, None))
    supervisor.says("b: started")
    pids = pids_said(supervisor, "polite", times=2) + supervisor.descendants()

    supervisor.kill()

    supervisor.process.wait(30)
    wait_for(all_gone(pids))


def test_a_killed_guard_is_replaced_and_knows_what_runs(supervise: Supervise) -> None:
    """Guard first, supervisor second: still nothing stays."""
    supervisor = supervise(("a", POLITE, None))
    pids = pids_said(supervisor, "polite")

    def guards() -> list[int]:
        return [pid for pid in descendants(supervisor.pid) if pid not in pids]

    (guard,) = wait_for(guards)
    os.kill(guard, signal.SIGKILL)
    (new_guard,) = wait_for(lambda: [pid for pid in guards() if pid != guard])
    supervisor.kill()

    supervisor.process.wait(30)
    wait_for(all_gone([*pids, new_guard]))


def test_a_program_without_progress_is_restarted(supervise: Supervise, tmp_path: Path) -> None:
    """Alive but not working: the watchdog stops it, kills what does not stop, and starts it again."""
    beat = tmp_path / "beat"
    beat.write_text("never changes")

    supervisor = supervise(("a", STUBBORN, str(beat)), patience=0.5, stop_within=0.5)
    before = pids_said(supervisor, "stubborn")
    after = pids_said(supervisor, "stubborn", times=2)

    assert "a: no progress for" in supervisor.log()
    assert after[0] != before[0]
    assert all_gone(before)()


def test_a_program_that_cannot_be_started_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is said, and tried again later."""
    driver = DRIVER.replace(
        '[sys.executable, "-c", code]', "[code] if name == 'a' else [sys.executable, '-c', code]"
    )
    options = {
        "programs": [("a", "no-such-program-anywhere", None), ("b", POLITE.format(child=CHILD), None)],
        "patience": 60,
        "stop_within": 20,
    }
    with Running("supervisor", python("-c", driver, json.dumps(options)), tmp_path / "log") as supervisor:
        pids_said(supervisor, "polite")
        supervisor.says("a: cannot be started")


def test_the_delay_doubles_and_is_forgotten_after_a_steady_minute() -> None:
    """A program that dies at once is not restarted in a hot loop."""
    child = Child(Program("a", ["true"]))

    delays = [child.start_later(now=1.0) for _ in range(9)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]

    child.started = 100.0
    assert child.start_later(now=161.0) == 0.5


def test_exits_are_described_in_words() -> None:
    """A signal has a name."""
    assert describe_exit(-signal.SIGKILL) == "SIGKILL"
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(None) == "never ran"


def journeys_run(database: Database, log: Path, *arguments: str) -> Running:
    return Running("journeys_run", manage("journeys_run", *arguments), log, database.env)


def started_pid(running: Running, name: str, times: int = 1) -> int:
    def said() -> list[str]:
        found = re.findall(rf"{name}: started \(pid (\d+)\)", running.log())
        return found if len(found) >= times else []

    return int(wait_for(said, timeout=60, what=f"{name} started {times} times", otherwise=running.log)[-1])


@pytest.mark.cluster
def test_site_and_cluster_run_until_told_to_stop(own_database: Database, tmp_path: Path) -> None:
    """The site answers, the cluster beats, Ctrl-C ends both with exit code 0 and nothing stays."""
    from wagtail_journeys.events.models import Heartbeat

    bind = f"127.0.0.1:{free_port()}"
    with journeys_run(own_database, tmp_path / "log", "--bind", bind) as running:
        running.says(f"admin    http://{bind}/admin/")
        wait_for(
            lambda: Heartbeat.objects.filter(name="tick").exists(),
            60,
            what="the tick beats",
            otherwise=running.log,
        )
        pids = [running.pid, *running.descendants()]
        running.process.send_signal(signal.SIGINT)

        assert running.process.wait(60) == 0, running.log()
        assert "everything stopped" in running.log()
    wait_for(all_gone(pids))


@pytest.mark.cluster
def test_a_killed_cluster_comes_back_and_works(own_database: Database, tmp_path: Path) -> None:
    """The heartbeat moves again under the new cluster, and no worker of the old one is left."""
    from wagtail_journeys.events.models import Heartbeat

    def beat() -> object:
        return Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()

    with journeys_run(own_database, tmp_path / "log", "--no-web") as running:
        wait_for(beat, 60, what="the first beat", otherwise=running.log)
        cluster = started_pid(running, "cluster")
        old = [cluster, *descendants(cluster)]
        os.kill(cluster, signal.SIGKILL)

        started_pid(running, "cluster", times=2)
        assert all_gone(old)()
        last = beat()
        wait_for(lambda: beat() != last, 180, what="the next beat", otherwise=running.log)


@pytest.mark.cluster
def test_kill_minus_nine_takes_site_and_cluster_along(own_database: Database, tmp_path: Path) -> None:
    """Nothing keeps the port or the queue."""
    bind = f"127.0.0.1:{free_port()}"
    with journeys_run(own_database, tmp_path / "log", "--bind", bind) as running:
        cluster = started_pid(running, "cluster")
        started_pid(running, "web")
        wait_for(lambda: len(descendants(cluster)) >= 4, 60, what="the cluster has its workers")
        pids = running.descendants()
        running.kill()

        running.process.wait(30)
        wait_for(all_gone(pids), 60)


def test_a_taken_address_is_said_at_once(own_database: Database, tmp_path: Path) -> None:
    """Restarting a web server that can never start would say it for ever."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with journeys_run(own_database, tmp_path / "log", "--no-cluster", "--bind", bind) as running:
            assert running.process.wait(60) == 1
            assert "choose another with --bind" in running.log()


def test_a_helper_command_runs_beside_the_others(own_database: Database, tmp_path: Path) -> None:
    """``--with`` takes a management command and its arguments."""
    arguments = ("--no-web", "--no-cluster", "--with", "showmigrations --plan")
    with journeys_run(own_database, tmp_path / "log", *arguments) as running:
        running.says("showmigrations: started")
        running.says("showmigrations: died (exit code 0); starting again in 0.5 s")


def test_nothing_to_run_is_an_error(own_database: Database, tmp_path: Path) -> None:
    """It names what was switched off."""
    with journeys_run(own_database, tmp_path / "log", "--no-web", "--no-cluster") as running:
        assert running.process.wait(60) == 1
        assert "Nothing to run" in running.log()


def test_commands_are_run_the_way_this_one_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same manage.py, or with ``python -m django``."""
    from wagtail_journeys.management.commands.journeys_run import Command

    options: dict[str, object] = {"pythonpath": None}
    monkeypatch.setattr(sys, "argv", ["/srv/site/manage.py", "journeys_run"])
    assert Command().manage("qcluster", options=options) == [
        sys.executable,
        "/srv/site/manage.py",
        "qcluster",
    ]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/django-admin", "journeys_run"])
    assert Command().manage("qcluster", options=options) == [sys.executable, "-m", "django", "qcluster"]
