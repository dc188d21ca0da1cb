"""The connection to the mail server, and what it says about a message that it is given."""

from __future__ import annotations

import datetime
import functools
import logging
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends import smtp as smtp_backend
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _t

from wagtail_journeys.conf import conf

from . import smtp
from .mime import Letter

logger = logging.getLogger(__name__)

#: How often a connection is opened in vain before the batch goes back into the queue.
CONNECT_TRIES = 3


def send_notice(recipients: list[str], subject: str, text: str) -> None:
    """One plain email to colleagues, each of them an addressee. Raises what the backend raises."""
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, recipients).send()


@functools.lru_cache(maxsize=8)
def _backend_class(path: str) -> Any:
    """The site's backend; an SMTP one gets connections that remember how far they got."""
    backend = import_string(path)
    if not issubclass(backend, smtp_backend.EmailBackend):
        return backend

    class Phased(backend):  # type: ignore[misc, valid-type]  # which class it is, a setting says
        @property
        def connection_class(self) -> Any:
            return smtp.PhasedSMTPOverSSL if self.use_ssl else smtp.PhasedSMTP

    return Phased


class Carrier:
    """One kept connection to the mail server."""

    def __init__(self) -> None:
        self.path = settings.EMAIL_BACKEND
        self.backend: Any = None
        self.carried = 0
        self.most = conf.CONNECTION_MESSAGES

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def speaks_smtp(self) -> bool:
        return isinstance(self.backend, smtp_backend.EmailBackend)

    @property
    def ready(self) -> bool:
        return self.backend is not None and self.carried < self.most

    def connect(self) -> str | None:
        """Open a connection unless there is one. Returns why that is not possible, if it is not."""
        if self.ready:
            return None
        problem = ""
        for _attempt in range(CONNECT_TRIES):
            self.close()
            backend = _backend_class(self.path)()
            try:
                backend.open()
                if isinstance(backend, smtp_backend.EmailBackend):
                    backend.connection.ehlo_or_helo_if_needed()  # type: ignore[union-attr]  # it is open
            except Exception as error:  # noqa: BLE001  a backend may raise anything; nothing was handed over yet
                problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
                continue
            self.backend, self.carried = backend, 0
            return None
        logger.warning("The mail server cannot be reached: %s", problem)
        return _t("The mail server cannot be reached: %s") % problem

    def hand_over(self, letter: Letter, now: datetime.datetime) -> smtp.Outcome:
        """Give one message to the mail server. Never raises: what went wrong is part of the outcome."""
        self.carried += 1
        try:
            self._send(letter, now)
            outcome = smtp.Outcome(smtp.SENT)
        except Exception as error:  # noqa: BLE001  whatever it was, what became of the message must be written down
            if self.speaks_smtp:
                phase = getattr(self.backend.connection, "phase", smtp.CONTENT)
                outcome = smtp.judge(error, phase)
            else:
                outcome = smtp.judge_other(error)
            logger.warning("Message %s: %s", letter.message, outcome.state)
        if not outcome.usable:
            self.close()
        return outcome

    def _send(self, letter: Letter, now: datetime.datetime) -> None:
        if self.speaks_smtp:
            self.backend.connection.phase = smtp.ENVELOPE
        if type(self.backend).__mro__[1] is smtp_backend.EmailBackend:
            self.backend.connection.sendmail(
                letter.envelope_sender, [letter.envelope_recipient], letter.as_bytes(now)
            )
            return
        # A backend of the site's own may sign or rewrite what it is given.
        email = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            from_email=letter.sender,
            to=[letter.to],
            reply_to=[letter.reply_to] if letter.reply_to else None,
            headers={"Message-ID": letter.header_id, **letter.headers},
            alternatives=[(letter.html, "text/html")],
        )
        if self.backend.send_messages([email]) == 0:
            raise ConnectionRefusedError(_t("The email backend did not take the message."))

    def close(self) -> None:
        backend, self.backend = self.backend, None
        if backend is not None:
            try:
                backend.close()
            except Exception as error:  # noqa: BLE001  saying goodbye may fail in any way, and changes nothing
                logger.info("Closing the connection to the mail server: %s", error)
