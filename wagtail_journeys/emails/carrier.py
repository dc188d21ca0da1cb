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

from . import esp, smtp
from .mime import Letter
from .opt_in import Question

logger = logging.getLogger(__name__)

#: How often a connection is opened in vain before the batch goes back into the queue.
CONNECT_TRIES = 3


def send_notice(recipients: list[str], subject: str, text: str) -> None:
    """One plain email to colleagues, each of them an addressee. Raises what the backend raises."""
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, recipients).send()


def send_question(question: Question) -> None:
    """One email that asks whether a sign-up was meant. Raises what the backend raises."""
    email = EmailMultiAlternatives(
        question.subject,
        question.text,
        settings.DEFAULT_FROM_EMAIL,
        [question.to],
        headers={"Auto-Submitted": "auto-generated"},
        alternatives=[(question.html, "text/html")],
    )
    email.send()


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
    """One kept connection to the mail server, or to an email provider."""

    def __init__(self) -> None:
        self.path = settings.EMAIL_BACKEND
        self.backend_class = _backend_class(self.path)
        self.speaks_smtp = issubclass(self.backend_class, smtp_backend.EmailBackend)
        self.provider = esp.name_of(self.backend_class)
        header = esp.key_of_host(settings.EMAIL_HOST) if self.speaks_smtp else None
        self.key_header, self.key_life = header or ("", esp.KEY_LIFE.get(self.provider))
        self.backend: Any = None
        self.carried = 0
        self.failures, self.problem = 0, ""  # to reach it, in a row, and the last of them
        self.spoken = False  # it has answered, or at least let us in
        self.most = conf.CONNECTION_MESSAGES

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Whom it speaks to, for the breaker and for people."""
        if self.speaks_smtp:
            return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        return self.provider or str(self.path)

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
            try:
                self.backend = self.backend_class()
                self.backend.open()
                if self.speaks_smtp:
                    self.backend.connection.ehlo_or_helo_if_needed()
            except Exception as error:  # noqa: BLE001  a backend may raise anything; nothing was handed over yet
                problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
                self.failures, self.problem = self.failures + 1, problem
                self.close()  # it may have got as far as being refused
                continue
            self.carried = 0
            if self.speaks_smtp:
                self.failures, self.spoken = 0, True
            return None
        logger.warning("The mail server cannot be reached: %s", problem)
        return unreachable(problem)

    def hand_over(self, letter: Letter, now: datetime.datetime) -> smtp.Outcome:
        """Give one message to the mail server. Never raises: what went wrong is part of the outcome."""
        self.carried += 1
        try:
            outcome = self._send(letter, now) or smtp.Outcome(smtp.SENT)
        except Exception as error:  # noqa: BLE001  whatever it was, what became of the message must be written down
            outcome = self._judge(error, letter)
            logger.warning("Message %s: %s", letter.message, outcome.state)
        if not outcome.usable:
            self.close()
        if outcome.down or outcome.ours:
            self.failures, self.problem = self.failures + 1, outcome.reason
        else:
            self.failures, self.spoken = 0, True
        return outcome

    def _judge(self, error: Exception, letter: Letter) -> smtp.Outcome:
        if self.speaks_smtp:
            return smtp.judge(error, getattr(self.backend.connection, "phase", smtp.CONTENT))
        if self.provider:
            return esp.judge(error, letter.repeated)
        return smtp.judge_other(error)

    def _send(self, letter: Letter, now: datetime.datetime) -> smtp.Outcome | None:
        if self.speaks_smtp:
            self.backend.connection.phase = smtp.ENVELOPE
        if self.backend_class.__mro__[1] is smtp_backend.EmailBackend:
            content = letter.as_bytes(now, self.key_header)
            self.backend.connection.sendmail(letter.envelope_sender, [letter.envelope_recipient], content)
            return None
        # A backend of the site's own may sign or rewrite what it is given.
        email = self._email(letter)
        if self.provider:
            return self._give_to_provider(email, letter)
        if self.backend.send_messages([email]) == 0:
            raise ConnectionRefusedError(_t("The email backend did not take the message."))
        return None

    def _email(self, letter: Letter) -> EmailMultiAlternatives:
        headers = {"Message-ID": letter.header_id, **letter.headers}
        if self.key_header:
            headers[self.key_header] = letter.key
        return EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            from_email=letter.sender,
            to=[letter.to],
            reply_to=[letter.reply_to] if letter.reply_to else None,
            headers=headers,
            alternatives=[(letter.html, "text/html")],
        )

    def _give_to_provider(self, email: EmailMultiAlternatives, letter: Letter) -> smtp.Outcome:
        from anymail.exceptions import AnymailUnsupportedFeature

        esp.dress(email, letter, self.provider, self.backend)
        try:
            taken = self.backend.send_messages([email])
        except AnymailUnsupportedFeature:  # said before anything was sent
            esp.undress(email)
            taken = self.backend.send_messages([email])
        if not taken:
            return smtp.Outcome(smtp.FAILED, _t("A receiver of anymail's pre_send signal stopped it."))
        return esp.judge_status(email)

    def close(self) -> None:
        backend, self.backend = self.backend, None
        if backend is not None:
            try:
                backend.close()
            except Exception as error:  # noqa: BLE001  saying goodbye may fail in any way, and changes nothing
                logger.info("Closing the connection to the mail server: %s", error)


def unreachable(problem: str) -> str:
    return _t("The mail server cannot be reached: %s") % problem


def life_of_keys() -> datetime.timedelta | None:
    """For how long a message may be handed over again with the same idempotency key; None where there are no such keys."""
    return Carrier().key_life
