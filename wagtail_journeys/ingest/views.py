"""The HTTP API. It reads the clock: a door stamps the moment of receipt. No session, no user, no cookie."""

from __future__ import annotations

import base64
import binascii
import datetime
import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from wagtail_journeys.events import bots, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.ingest import (
    bodies,
    enrolling,
    keeping,
    keys,
    limits,
    openapi,
    problems,
    protocol,
    resubmission,
)
from wagtail_journeys.ingest.problems import Problem

logger = logging.getLogger(__name__)

MAX_EVENTS = 2_500  # messages of one batch
KEPT = b'{"success": true}'
PREFLIGHT_AGE = "7200"  # seconds; browsers take no more

#: What browser SDKs call, and what it means.
SHORT = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
BATCHES = frozenset({"batch", "import"})

_HEADER_NAMES = re.compile(r"[A-Za-z0-9-]{1,60}(\s*,\s*[A-Za-z0-9-]{1,60}){0,40}")


def door(methods: str) -> Callable[[Any], Any]:
    """Preflights, other methods, problems and the headers that browsers of other origins need."""
    allowed = [*methods.split(), "OPTIONS"]

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def answered(request: HttpRequest, **given: str) -> HttpResponse:
            if request.method == "OPTIONS":
                return _preflight(request, allowed)
            try:
                if request.method not in allowed:
                    raise Problem(405, "Wrong method", f"Send {methods.replace(' ', ' or ')}.")
                response = view(request, **given)
            except Problem as problem:
                response = problem.response()
            except DisallowedHost:
                response = problems.invalid("This site is not served under that host.").response()
            except DatabaseError:
                logger.exception("Events could not be kept.")
                response = problems.unavailable().response()
            if response.status_code == 405:
                response.headers["Allow"] = ", ".join(allowed)
            response.headers.setdefault("Cache-Control", "no-store")
            return _for_origin(request, response)

        return csrf_exempt(transaction.non_atomic_requests(answered))

    return decorate


@door("POST")
def collect(request: HttpRequest, call: str) -> HttpResponse:
    """Keep one message or a batch. Zero statements and one INSERT, save a look at keys and queue now and then."""
    call = SHORT.get(call, call)
    now = timezone.now()
    known = _header_key(request, now)
    address = "" if known and known.server else limits.check_address(request)
    body, size = bodies.parse(_body(request), request.headers.get("Content-Encoding", "").strip().lower())
    key = known or _key(body.get("writeKey"), now)
    _check_origin(request, key)
    if call == "import" and not key.server:
        raise problems.forbidden("Past events are imported with a server key.")
    limits.check_key(key)
    if keeping.full():
        raise problems.busy()
    if call in BATCHES:
        messages = body.get("batch")
        if not isinstance(messages, list):
            raise problems.invalid("“batch” must be a list of messages.")
        if len(messages) > MAX_EVENTS:
            raise problems.too_large(f"A batch holds at most {MAX_EVENTS} messages.")
        given = protocol.envelope(body, key, keys.ring().sites, now, _bot(request, key))
        events = [_read(_type(message), message, given, size) for message in messages]
    else:
        given = protocol.envelope({}, key, keys.ring().sites, now, _bot(request, key))
        events = [_read(call, body, given, size)]
    keeping.keep(events, now)
    limits.pay(key, address, max(1, len(events)))
    keys.used(key, now)
    return HttpResponse(KEPT, content_type="application/json")


@door("POST")
def enrol(request: HttpRequest) -> HttpResponse:
    """Add contacts to a campaign at once, and say of each what became of it."""
    now = timezone.now()
    known = _header_key(request, now)
    body, _size = bodies.parse(_body(request), request.headers.get("Content-Encoding", "").strip().lower())
    key = known or _key(body.get("writeKey"), now)
    _check_origin(request, key)
    limits.check_key(key)
    # Otherwise LocaleMiddleware answers a 404 by looking for a page of this name in a language.
    request.urlconf = "wagtail_journeys.urls"
    answer = enrolling.add(body, key, now)
    limits.pay(key, "", len(answer["results"]))
    keys.used(key, now)
    return JsonResponse(answer)


@door("GET HEAD")
def settings(request: HttpRequest, value: str) -> HttpResponse:
    """What a browser SDK asks for before it sends anything."""
    if keys.find(value, timezone.now()) is None:
        # Otherwise LocaleMiddleware looks for a page of this name in a language.
        request.urlconf = "wagtail_journeys.urls"
        raise Problem(404, "Unknown key", "No write key has this value.")
    base = request.build_absolute_uri().partition("/projects/")[0].partition("://")[2]
    scheme = "https" if request.is_secure() else "http"
    found = {
        "integrations": {
            "Segment.io": {
                "apiKey": value,
                "apiHost": base,
                "protocol": scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": False,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}, "identify": {}, "group": {}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    response = JsonResponse(found)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@door("GET HEAD")
def document(request: HttpRequest) -> HttpResponse:
    """The description of this API for machines."""
    base = request.build_absolute_uri().partition("/openapi.json")[0]
    response = JsonResponse({**openapi.DOCUMENT, "servers": [{"url": urlsplit(base).path}]})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


# --- Body and messages --------------------------------------------------------------------------------------------------


def _body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()):
        raise problems.invalid("Content-Length is no number.")
    large = problems.too_large(f"The body is larger than {bodies.MAX_BODY} bytes.")
    if int(length[:12]) > bodies.MAX_BODY:
        raise large
    try:
        return request.body
    except RequestDataTooBig:
        raise large from None
    except UnreadablePostError:
        raise problems.invalid("The body ended too early.") from None


def _type(message: Any) -> Any:
    return message.get("type") if isinstance(message, dict) else None


def _bot(request: HttpRequest, key: keys.Key) -> str:
    """What the browser is that sends it. Programs of a server or an app are no visitors: they say in the context who is."""
    return "" if key.server or "Origin" not in request.headers else bots.kind(request)


def _read(call: Any, message: Any, given: protocol.Envelope, size: int) -> Incoming | keeping.Rejected:
    again = {}
    try:
        # Measured only where it can be too much: most bodies are smaller than one message may be.
        if size > protocol.MAX_EVENT and protocol.too_large(message):
            reason = f"The message is larger than {protocol.MAX_EVENT} bytes."
        else:
            return protocol.read(call, message, given)
    except RecursionError:
        reason = "The message is nested too deeply."
    except BadEvent as why:
        reason = str(why)
        again = resubmission.needed(call, message, given)
    event = message.get("event") if isinstance(message, dict) else None
    name = sanitise.line(event, 100) or sanitise.line(call, 40)
    return keeping.Rejected(
        given.key.source, name, resubmission.fit_to_keep(message, given.key), reason, again
    )


# --- Keys and origins ---------------------------------------------------------------------------------------------------


def _header_key(request: HttpRequest, now: datetime.datetime) -> keys.Key | None:
    """The key in the Authorization header, if there is one: an unknown one is refused before the body is read."""
    scheme, _space, value = request.headers.get("Authorization", "").strip().partition(" ")
    if not scheme:
        return None
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[0]
        except (binascii.Error, ValueError):
            value = ""
    elif scheme.lower() != "bearer":
        value = ""
    return _key(value.strip(), now)


def _key(value: Any, now: datetime.datetime) -> keys.Key:
    if not value:
        raise problems.unknown_key(
            "There is no write key: give it as Basic or Bearer authorization, or as writeKey."
        )
    found = keys.find(value, now) if isinstance(value, str) else None
    if found is None:
        raise problems.unknown_key()
    return found


def _check_origin(request: HttpRequest, key: keys.Key) -> None:
    origin = request.headers.get("Origin", "").lower()
    if key.server:
        if origin:
            raise problems.forbidden(
                "This is a server key, but a browser sends it: everybody can read it there. Rotate it, and use a "
                "public key."
            )
    elif not _is_welcome(request, origin, key.origins):
        raise problems.forbidden("The write key does not allow this origin.")


def _is_welcome(request: HttpRequest, origin: str, origins: frozenset[str]) -> bool:
    if "*" in origins or (origin and origin in origins):
        return True
    try:
        return bool(origin) and origin == f"{request.scheme}://{request.get_host()}".lower()
    except DisallowedHost:
        return False


def _preflight(request: HttpRequest, allowed: list[str]) -> HttpResponse:
    """A browser asks whether its page may send. The key is not in the question: any public key's origin will do."""
    response = HttpResponse(status=204, headers={"Allow": ", ".join(allowed)})
    wanted = request.headers.get("Access-Control-Request-Headers", "").strip()
    response.headers["Access-Control-Allow-Methods"] = ", ".join(allowed)
    if _HEADER_NAMES.fullmatch(wanted):
        response.headers["Access-Control-Allow-Headers"] = wanted
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_AGE
    return _for_origin(request, response)


def _for_origin(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin", "")
    try:
        welcome = bool(origin) and _is_welcome(request, origin.lower(), keys.ring().origins)
    except DatabaseError:
        welcome = False
    if welcome and origin.isprintable():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return response
