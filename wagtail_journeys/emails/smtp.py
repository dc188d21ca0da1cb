"""How far a conversation with a mail server got before it failed, and what that means for the message."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import TemplateError

CONNECT, ENVELOPE, CONTENT, DONE = "connect", "envelope", "content", "done"

SENT, DEFERRED, BOUNCED, FAILED, UNKNOWN = "sent", "deferred", "bounced", "failed", "unknown"


class PhaseMixin:
    """An ``smtplib.SMTP`` that remembers its phase.

    ``content`` begins when the server says "go ahead" (354): before that it has certainly not taken the message, from
    then on only its answer tells.
    """

    phase = CONNECT

    def mail(self, *args: Any, **kwargs: Any) -> Any:
        self.phase = ENVELOPE
        return super().mail(*args, **kwargs)  # type: ignore[misc]

    def getreply(self) -> Any:
        code, words = super().getreply()  # type: ignore[misc]
        if code == 354:
            self.phase = CONTENT
        return code, words

    def data(self, msg: Any) -> Any:
        try:
            answer = super().data(msg)  # type: ignore[misc]
        except smtplib.SMTPDataError as error:
            # The library leaves the refused message open on the server, which would then refuse the next one too.
            if error.smtp_code != 421:
                self._rset()  # type: ignore[attr-defined]
            raise
        self.phase = DONE
        return answer


class PhasedSMTP(PhaseMixin, smtplib.SMTP):
    pass


class PhasedSMTPOverSSL(PhaseMixin, smtplib.SMTP_SSL):
    pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a hand-over. ``usable`` says whether the connection can take another message.

    ``down``: nobody could be reached, which has nothing to do with this message. ``ours``: we are refused, or the sender
    that we name; other messages may fare better.
    """

    state: str
    reason: str = ""
    usable: bool = True
    down: bool = False
    ours: bool = False


def judge(error: Exception, phase: str) -> Outcome:
    """What a failed hand-over means: surely not taken (try again, or never), or perhaps taken (never by itself again)."""
    code, words = _answer(error)
    if phase == CONNECT:
        return Outcome(DEFERRED, words, usable=False, down=True)
    # A server that refuses our sender says nothing about the receiver: the setting gets mended, the message stays.
    ours = isinstance(error, smtplib.SMTPSenderRefused)
    if 400 <= code < 500 or (ours and 500 <= code < 600):
        return Outcome(DEFERRED, words, usable=code != 421, ours=ours and code >= 500)
    if 500 <= code < 600:
        return Outcome(BOUNCED, words)
    if isinstance(error, TemplateError | UnicodeError | smtplib.SMTPNotSupportedError):
        return Outcome(FAILED, str(error))
    if phase in (CONTENT, DONE):
        return Outcome(
            UNKNOWN, _t("The connection broke while the mail server took it: %s") % words, usable=False
        )
    return Outcome(DEFERRED, words, usable=False)


def judge_other(error: Exception) -> Outcome:
    """The same for a backend that is not SMTP, of which we know only what its exception says."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        if status == 429 or status == 503:
            return Outcome(DEFERRED, _words(error))
        if 400 <= status < 500:
            return Outcome(BOUNCED, _words(error))
    if isinstance(error, ConnectionRefusedError):
        return Outcome(DEFERRED, _words(error), usable=False)
    if isinstance(error, TemplateError | ValueError):
        return Outcome(FAILED, _words(error))
    return Outcome(UNKNOWN, _words(error), usable=False)


def _answer(error: Exception) -> tuple[int, str]:
    """The server's code and words; code 0 where it said nothing."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return code, _decoded(code, words)
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code, _decoded(error.smtp_code, error.smtp_error)
    return 0, _words(error)


def _decoded(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
