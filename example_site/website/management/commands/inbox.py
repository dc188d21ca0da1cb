"""A mail server for the demo that delivers nothing: it keeps every message for the page /inbox/."""

import signal
import time

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Receives every email the demo sends and keeps it for /inbox/. Stops on Ctrl-C or SIGTERM."
    requires_system_checks = []

    def handle(self, *args, **options):
        # A plain flag: setting a threading.Event inside a signal handler can deadlock with its wait().
        self.running = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.stop)

        settings.INBOX_DIR.parent.mkdir(parents=True, exist_ok=True)
        port = settings.INBOX_SMTP_PORT
        controller = Controller(Mailbox(settings.INBOX_DIR), hostname="127.0.0.1", port=port)
        try:
            controller.start()
        except OSError as error:
            raise CommandError(f"Cannot listen on 127.0.0.1:{port}: {error.strerror or error}") from error
        self.stdout.write(f"Inbox listens on 127.0.0.1:{port}; messages go to {settings.INBOX_DIR}")
        try:
            while self.running:
                time.sleep(0.2)
        finally:
            controller.stop()
        self.stdout.write("Inbox stopped.")

    def stop(self, *args):
        self.running = False
