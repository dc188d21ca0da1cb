"""Email providers that are reached through django-anymail: what they are told beside the message, and what their answers
mean. Without django-anymail nothing here is ever imported from it."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.translation import gettext as _t

from .mime import Letter
from .smtp import BOUNCED, DEFERRED, FAILED, SENT, UNKNOWN, Outcome

#: Under which name a provider's webhooks give back which message they are about.
METADATA = "journeys_message"

#: For how long a provider sends nothing twice with the same idempotency key. Some say different things in different
#: places; this is the shortest of them.
KEY_LIFE = {"brevo": datetime.timedelta(minutes=15), "resend": datetime.timedelta(hours=24)}
#: The same for mail servers of such providers: the end of the host's name, and the header that carries the key.
KEY_HEADERS = {"resend.com": ("Resend-Idempotency-Key", datetime.timedelta(hours=24))}

#: Answers about the account or the sender, not about the receiver.
ABOUT_US = {401, 402, 403, 404, 405}
#: Answers after which the provider surely has not taken the message. A gateway (502, 504) only says that it got none.
NOT_NOW = {408, 425, 429, 500, 503}

_BEFORE_THE_BODY = {
    "ConnectTimeout",
    "ConnectTimeoutError",
    "ConnectionRefusedError",
    "EndpointConnectionError",
    "NameResolutionError",
    "NewConnectionError",
    "NoCredentialsError",
    "ProxyError",
    "SSLError",
}


def name_of(backend: type) -> str:
    """The provider behind an email backend of django-anymail ("brevo"), or nothing for other backends."""
    own = [base for base in backend.__mro__ if base.__module__.startswith("anymail.backends.")]
    return str(getattr(backend, "esp_name", "")).lower() if own else ""


def key_of_host(host: str) -> tuple[str, datetime.timedelta] | None:
    """The header for the idempotency key that this mail server knows, and for how long it is good."""
    for end, found in KEY_HEADERS.items():
        if host == end or host.endswith(f".{end}"):
            return found
    return None


def dress(email: Any, letter: Letter, provider: str, backend: Any) -> None:
    """Tell the provider which message this is: for its webhooks, for its statistics, and against doubles."""
    email.metadata = {METADATA: letter.key}
    email.tags = list(letter.tags)
    if provider == "brevo":
        email.extra_headers["idempotencyKey"] = letter.key
    elif provider == "resend":
        # One of HTTP, not of the email; the session is ours alone, and sends one message at a time.
        backend.session.headers["Idempotency-Key"] = letter.key


def undress(email: Any) -> None:
    """Some providers know no tags or no metadata. Their webhooks then tell the Message-ID, or only the address."""
    del email.metadata, email.tags


def judge_status(email: Any) -> Outcome:
    """What the provider says of the one recipient, where it took the request."""
    status = next(iter(email.anymail_status.recipients.values()), None)
    state = status.status if status is not None else None
    words = _t("The provider says: %s") % state
    if state in ("rejected", "invalid"):
        return Outcome(BOUNCED, words)
    if state == "failed":
        return Outcome(FAILED, words)
    if state == "unknown":
        return Outcome(UNKNOWN, words)
    return Outcome(SENT)


def judge(error: Exception, repeated: bool) -> Outcome:
    """What an exception of django-anymail means. ``repeated``: the message was handed over before with the same key."""
    from anymail.exceptions import AnymailRecipientsRefused

    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, AnymailRecipientsRefused):
        return Outcome(BOUNCED, words)
    status = _status(error)
    if status is not None:
        return _judge_answer(status, words, repeated)
    if _causes(error) & _BEFORE_THE_BODY:
        return Outcome(DEFERRED, words, usable=False, down=True)
    if isinstance(error, ValueError | TypeError):
        return Outcome(FAILED, words)
    return Outcome(UNKNOWN, _t("The connection broke while the provider took it: %s") % words, usable=False)


def _judge_answer(status: int, words: str, repeated: bool) -> Outcome:
    about_key = "idempoten" in words.lower() or "duplicate" in words.lower()
    if status in NOT_NOW or (status == 409 and "concurrent" in words.lower()):
        return Outcome(DEFERRED, words)
    if repeated and about_key and status in (400, 409, 422):
        return Outcome(SENT)  # it has seen the key, and so has the message
    if status in ABOUT_US:
        return Outcome(DEFERRED, words, ours=True)
    if 400 <= status < 500:
        return Outcome(FAILED, words)
    return Outcome(UNKNOWN, words, usable=False)


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    answer = getattr(error.__cause__, "response", None)  # of Amazon's library: a dictionary
    if isinstance(answer, dict):
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None


def _causes(error: BaseException | None) -> set[str]:
    """The names of all the classes that say why, down to the socket."""
    names: set[str] = set()
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or each in seen:
            continue
        seen.append(each)
        names |= {base.__name__ for base in type(each).__mro__}
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return names
