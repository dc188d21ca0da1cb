"""``manage.py journeys_run``: web server, cluster and helpers as one thing, for a small site or a demonstration."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.urls import reverse

from wagtail_journeys.management.supervisor import Program, ProgressUnknown, Supervisor


class Command(BaseCommand):
    help = (
        "Runs the web server and the cluster (and any --with command) until Ctrl-C. Restarts what dies, and a cluster "
        "that is alive but does not work. Larger sites run the same programs under systemd: see docs/operations.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address of the development web server")
        parser.add_argument(
            "--web", metavar="COMMAND", help="web server to run instead, e.g. 'gunicorn site.wsgi'"
        )
        parser.add_argument(
            "--with",
            dest="helpers",
            metavar="COMMAND",
            action="append",
            default=[],
            help="another management command to keep running; may be given several times",
        )
        parser.add_argument("--no-web", action="store_true", help="run no web server")
        parser.add_argument("--no-cluster", action="store_true", help="run no cluster")
        parser.add_argument(
            "--patience",
            type=float,
            default=90.0,
            help="seconds without a heartbeat after which the cluster is restarted (default 90)",
        )
        parser.add_argument(
            "--stop-within",
            type=float,
            default=25.0,
            help="seconds a program has to stop before it is killed (default 25)",
        )
        parser.add_argument(
            "--note",
            dest="notes",
            metavar="TEXT",
            action="append",
            default=[],
            help="a line to show below the addresses, once the development web server answers",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if os.name != "posix":
            raise CommandError("journeys_run needs process groups, which this system does not have.")
        programs = self.programs(options)
        if not programs:
            raise CommandError("Nothing to run: --no-web and --no-cluster leave only what --with names.")
        killed = Supervisor(
            programs,
            say=self.say,
            patience=options["patience"],
            stop_within=options["stop_within"],
            each_look=self.greeting(options),
        ).run()
        if killed:
            raise CommandError(f"{killed} of {len(programs)} programs had to be killed.")
        self.say("everything stopped")

    def programs(self, options: dict[str, Any]) -> list[Program]:
        programs = []
        if not options["no_cluster"]:
            from wagtail_journeys import jobs

            jobs.ensure_schedules()
            # The scheduler first looks after half a minute: the alarm clock need not wait for it.
            jobs.enqueue(jobs.PULSE)
            connection.close()
            programs.append(Program("cluster", self.manage("qcluster", options=options), progress=heartbeat))
        if not options["no_web"]:
            if options["web"]:
                programs.append(Program("web", shlex.split(options["web"])))
            else:
                bind = options["bind"]
                refuse_taken_address(bind)
                programs.append(Program("web", self.manage("runserver", "--noreload", bind, options=options)))
        for helper in options["helpers"]:
            name, *arguments = shlex.split(helper)
            programs.append(Program(name, self.manage(name, *arguments, options=options)))
        return programs

    def greeting(self, options: dict[str, Any]) -> Callable[[], None]:
        """Shows the addresses once, when the development web server answers on them."""
        bind = options["bind"]
        waiting = not options["no_web"] and not options["web"]

        def greet() -> None:
            nonlocal waiting
            if not waiting or not answers(bind):
                return
            waiting = False
            self.say("")
            self.say(f"site     http://{bind}/")
            self.say(f"admin    http://{bind}{reverse('wagtailadmin_home')}")
            for note in options["notes"]:
                self.say(note)
            self.say("stop with Ctrl-C")
            self.say("")

        return greet

    def manage(self, command: str, *arguments: str, options: dict[str, Any]) -> list[str]:
        """The command line of another management command, run the way this one was."""
        script = Path(sys.argv[0])
        if script.suffix == ".py" and script.name != "__main__.py":
            line = [sys.executable, str(script.resolve()), command, *arguments]
        else:
            line = [sys.executable, "-m", "django", command, *arguments]
        if options.get("pythonpath"):
            line += ["--pythonpath", options["pythonpath"]]
        return line

    def say(self, text: str) -> None:
        self.stdout.write(f"[journeys] {text}")
        self.stdout.flush()


def heartbeat() -> object | None:
    """When the tick last ran. The connection is not kept: the supervisor mostly waits."""
    from wagtail_journeys.events.models import Heartbeat

    try:
        return Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    except DatabaseError as error:
        raise ProgressUnknown(f"the heartbeat cannot be read ({error})") from error
    finally:
        connection.close()


def split_address(bind: str) -> tuple[str, int]:
    host, separator, port = bind.rpartition(":")
    if not separator or not port.isdigit():
        raise CommandError(f"--bind wants address:port, not {bind!r}.")
    return host.strip("[]"), int(port)


def answers(bind: str) -> bool:
    try:
        with socket.create_connection(split_address(bind), timeout=1):
            return True
    except OSError:
        return False


def refuse_taken_address(bind: str) -> None:
    """A web server that can never start would be restarted for ever: say it at once instead."""
    host, port = split_address(bind)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{bind} cannot be used ({error.strerror}): choose another with --bind."
            ) from error
