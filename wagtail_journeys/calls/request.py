"""A request as plain values, and the last look at it before it is sent."""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass, field

from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import CallRefused

from . import guard, secrets, signing

METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE")
#: Methods that mean the same however often they are sent.
IDEMPOTENT = frozenset({"PUT", "GET", "DELETE"})

JSON, FORM = "json", "form"
CONTENT_TYPES = {JSON: "application/json", FORM: "application/x-www-form-urlencoded"}

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
#: What the connection, the signature and the key of repetition say themselves.
OWN_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "idempotency-key",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
USER_AGENT = "wagtail-journeys"


@dataclass(frozen=True, slots=True)
class Request:
    """Rendered for one contact; marks stand where secrets go. ``problem`` says why it cannot be sent at all."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    body_kind: str = ""
    sign_with: str = ""
    repeatable: bool = False
    keep: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sendable:
    """With its secrets, for the network only."""

    method: str
    url: str = field(repr=False)
    target: guard.Target
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def check_header(name: str, value: str) -> None:
    """Raises CallRefused for what could be read as another header."""
    if not HEADER_NAME.match(name):
        raise CallRefused(_t("“%s” is not the name of a header.") % name[:60])
    if name.lower() in OWN_HEADERS or name.lower().startswith("proxy-"):
        raise CallRefused(_t("The header “%s” cannot be set here.") % name)
    if CONTROL.search(value):
        raise CallRefused(
            _t("The header “%s” would contain a line break or another control character.") % name
        )


def sendable(request: Request, key: uuid.UUID, now: datetime.datetime) -> Sendable:
    """The request with secrets, signature and key; raises CallRefused where it may not be sent like this."""
    if request.problem:
        raise CallRefused(request.problem)
    url = secrets.in_url(request.url)
    target = guard.target_of(url)
    headers: dict[str, str] = {}
    for name, value in request.headers:
        shown = secrets.in_header(value).strip()
        check_header(name, shown)
        try:
            shown.encode("latin-1")
        except UnicodeError as error:
            raise CallRefused(
                _t(
                    "The header “%s” would contain letters that no header can carry. Put the value into the body."
                )
                % name
            ) from error
        headers[name] = shown
    lower = {name.lower() for name in headers}
    body = request.body
    if request.body_kind:
        body = secrets.in_json(body) if request.body_kind == JSON else secrets.in_form(body)
        if "content-type" not in lower:
            headers["Content-Type"] = CONTENT_TYPES[request.body_kind]
    if "user-agent" not in lower:
        headers["User-Agent"] = USER_AGENT
    headers["Accept-Encoding"] = "identity"
    headers["Idempotency-Key"] = str(key)
    headers |= signing.headers(secrets.value(request.sign_with) if request.sign_with else "", key, body, now)
    return Sendable(request.method, url, target, headers, body.encode())
