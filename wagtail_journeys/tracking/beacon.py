"""What the tracker in a browser sends: anybody can send the same, so it says what was done and never by whom."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from django.http import HttpRequest

from wagtail_journeys.conf import conf
from wagtail_journeys.events import catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.tracking import daily, sites, tokens, visitor

BROWSER = catalogue.BROWSER
MAX_BYTES = 32 * 1024

#: Members of a body that would say who somebody is. They are not read, and not kept in a dead letter either.
IDENTIFYING = frozenset(
    {
        "email",
        "traits",
        "claims",
        "external_id",
        "externalId",
        "user_id",
        "userId",
        "contact",
        "contact_id",
        "contactId",
    }
)

#: Other than what the tracker sends by itself, the events that the package writes itself are not for browsers to make up.
RESERVED = frozenset(catalogue.LABELS) - {
    catalogue.PAGE_VIEW,
    catalogue.PAGE_LEFT,
    catalogue.OUTBOUND_CLICK,
    catalogue.FILE_CLICK,
    catalogue.IDENTIFY,
}


class Refused(BadEvent):
    """The event cannot be used; ``payload`` is what may be kept of it."""

    def __init__(self, message: str, payload: Any) -> None:
        super().__init__(message)
        self.payload = payload


def read(request: HttpRequest, body: bytes, now: datetime.datetime) -> Incoming:
    """The event in a request. Raises Refused, saying why, where there is none that can be used."""
    message = _message(body)
    payload = {key: value for key, value in message.items() if key not in IDENTIFYING}
    try:
        name = sanitise.event_name(message.get("name"))
    except BadEvent as why:
        raise Refused(str(why), payload) from why
    if name in RESERVED:
        raise Refused(
            f"A browser may not send {name!r}: the site tells about this itself, from what it knows to be true.",
            _known(message),
        )
    if name not in catalogue.LABELS and name in catalogue.known().forbidden:
        raise Refused(f"Visitors may not send {name!r}: it is declared for others only.", _known(message))
    cookieless = conf.TRACKING == visitor.COOKIELESS
    anonymous_id = daily.visitor_id(request, now) if cookieless else visitor.anonymous_id(request)
    claims: dict[str, str] = {}
    traits: dict[str, Any] = {}
    if name == catalogue.IDENTIFY:
        if cookieless:
            raise Refused("In cookieless mode nobody is identified by the tracker.", _known(message))
        try:
            claims, traits = tokens.read(message.get("token"), anonymous_id)
        except BadEvent as why:
            raise Refused(str(why), _known(message)) from why
    properties = sanitise.mapping(message.get("properties")) if name != catalogue.IDENTIFY else {}
    said = {
        "title": sanitise.line(message.get("title"), 300),
        "referrer": sanitise.url(message.get("referrer")),
        "locale": sanitise.language(message.get("locale")),
    }
    return Incoming(
        source=BROWSER,
        name=name,
        occurred_at=sanitise.moment(message.get("at"), now),
        message_id=sanitise.message_id(message.get("id")) or str(uuid.uuid4()),
        anonymous_id=anonymous_id,
        claims=claims,
        traits=traits,
        properties={key: value for key, value in said.items() if value} | properties,
        site_id=sites.site_id(request),
        page_id=sanitise.row_id(message.get("page")),
        url=sanitise.url(message.get("url")),
    )


def _known(message: dict[str, Any]) -> dict[str, Any]:
    """What may be kept of a message that says who somebody is."""
    return {key: message[key] for key in ("name", "id", "at", "page", "url") if key in message}


def _message(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as why:
        raise Refused("The body is not JSON.", {"body": body[:1000].decode("utf-8", "replace")}) from why
    if not isinstance(found, dict):
        raise Refused("The body is not a JSON object.", {"body": found})
    return found
