"""Messages of the Segment tracking protocol as events of ours. Pure: no request, no database.

A message that cannot be used raises BadEvent with the reason; nothing that a sender writes raises anything else.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime

from wagtail_journeys.events import bots, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.ingest.keys import Key
from wagtail_journeys.ingest.models import ALWAYS, RESERVED

MAX_EVENT = 32_000  # bytes of one message
MAX_CONTEXT = 4_000  # characters and values of the context that stands beside a batch
MAX_ID = 100  # characters of an anonymous id
SHORTEST_ID = 16  # of a public key: what is shorter can be guessed, and would be somebody else's
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

SCREEN, GROUP = "screen_view", "group"

#: Names that only the engine writes; not even a server can know them better.
OWN = frozenset(
    {
        catalogue.EMAIL_SENT,
        catalogue.JOURNEY_ENTERED,
        catalogue.JOURNEY_ENDED,
        catalogue.JOURNEY_CONVERTED,
        catalogue.CONSENT_CHANGED,
        catalogue.EMAIL_CONFIRMED,
    }
)

#: Traits that the protocol calls otherwise.
TRAITS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "timezone": "time_zone",
    "timeZone": "time_zone",
    "language": "locale",
}
#: Events of the protocol's e-commerce specification that are known here under a name of our own.
NAMES = {
    "Product Viewed": "product_viewed",
    "Product Added": "product_added",
    "Order Completed": catalogue.ORDER_COMPLETED,
    "Order Refunded": catalogue.ORDER_REFUNDED,
}
SPELLED = {ours: theirs for theirs, ours in NAMES.items()}
UNVERIFIED = "A public key cannot vouch for who somebody is."


@dataclass(frozen=True)
class Envelope:
    """What is known of a request besides its messages."""

    key: Key
    now: datetime.datetime
    sites: dict[str, int]
    context: dict[str, Any]  # of a batch
    sent_at: datetime.datetime | None
    bot: str = ""  # what the browser is that sends it; empty for people and servers


def envelope(
    body: dict[str, Any], key: Key, sites: dict[str, int], now: datetime.datetime, bot: str = ""
) -> Envelope:
    """Of a batch, what it says for all of its messages; it is bounded, as each of them gets it."""
    if "batch" not in body:
        return Envelope(key, now, sites, {}, None, bot)
    context = sanitise.mapping(body.get("context"), size=MAX_CONTEXT)
    return Envelope(key, now, sites, context, moment(body.get("sentAt")), bot)


def too_large(message: Any) -> bool:
    """Whether a message has more bytes than it may have."""
    if len(repr(message)) * 4 <= MAX_EVENT:  # no character takes more; and this is much faster to know
        return False
    return len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")) > MAX_EVENT


def read(call: Any, message: Any, given: Envelope) -> Incoming:
    """One message as an event. Raises BadEvent, saying why, where it is none."""
    if not isinstance(message, dict):
        raise BadEvent("The message is not an object.")
    reader = READERS.get(call) if isinstance(call, str) else None
    if reader is None:
        raise BadEvent("The type of the message is none of " + ", ".join(sorted(READERS)) + ".")
    context = {**given.context, **_object(message.get("context"))}
    said = reader(message, context)
    name = sanitise.event_name(said.name)
    if name in OWN:
        raise BadEvent(f"“{name}” is written by the site itself; give the event another name.")
    if name == catalogue.IDENTIFY and call not in ("identify", "alias"):
        raise BadEvent("To tell who somebody is, call identify; “identify” is no name for an event.")
    anonymous_id = _id(message.get("previousId") if call == "alias" else message.get("anonymousId"))
    user_id = _id(message.get("userId"), 200)
    if given.key.server:
        whose = _vouched(said, context, user_id)
        if call == "alias":
            whose.claims["previous_id"] = anonymous_id
    else:
        whose = _anonymous(call, name, said, context, user_id, anonymous_id, given.key)
    if not anonymous_id and not whose.claims:
        raise BadEvent("Nothing says whose event it is: give userId or anonymousId.")
    url = sanitise.url(said.properties.get("url") or _object(context.get("page")).get("url"))
    ours = given.sites.get(_host(url))
    event = Incoming(
        source=given.key.source,
        name=name,
        occurred_at=occurred_at(message, given),
        message_id=message_id(call, message, given.now),
        anonymous_id=anonymous_id,
        claims=whose.claims,
        traits=whose.traits,
        properties=whose.properties,
        site_id=given.key.site_id or ours,
        page_id=_page_id(said.properties, context) if ours else None,
        url=url,
    )
    return bots.marked(event, given.bot or bots.agent_kind(context.get("userAgent")))


# --- What each call says ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    name: Any
    properties: dict[str, Any]
    traits: dict[str, Any]


def _identify(message: dict[str, Any], context: dict[str, Any]) -> Said:
    traits = {**_object(context.get("traits")), **_object(message.get("traits"))}
    return Said(catalogue.IDENTIFY, {}, traits)


def _track(message: dict[str, Any], context: dict[str, Any]) -> Said:
    name = message.get("event")
    known = NAMES.get(name, name) if isinstance(name, str) else name
    return Said(known, _object(message.get("properties")), {})


def _page(message: dict[str, Any], context: dict[str, Any]) -> Said:
    properties = {**_object(context.get("page")), **_object(message.get("properties"))}
    return Said(catalogue.PAGE_VIEW, _named(message, properties), {})


def _screen(message: dict[str, Any], context: dict[str, Any]) -> Said:
    return Said(SCREEN, _named(message, _object(message.get("properties"))), {})


def _group(message: dict[str, Any], context: dict[str, Any]) -> Said:
    group_id = _id(message.get("groupId"), 200)
    if not group_id:
        raise BadEvent("The group has no groupId.")
    traits = {
        f"group_{name}"[: sanitise.MAX_KEY]: value for name, value in _object(message.get("traits")).items()
    }
    traits["group_id"] = group_id
    return Said(GROUP, traits, traits)


def _alias(message: dict[str, Any], context: dict[str, Any]) -> Said:
    if not _id(message.get("previousId")) or not _id(message.get("userId"), 200):
        raise BadEvent("An alias needs previousId (the visitor) and userId (the contact).")
    return Said(catalogue.IDENTIFY, {"alias": True}, {})


READERS = {
    "identify": _identify,
    "track": _track,
    "page": _page,
    "screen": _screen,
    "group": _group,
    "alias": _alias,
}


def _named(message: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Name and category stand beside the properties in the protocol; the properties' own win."""
    beside = {key: message[key] for key in ("name", "category") if message.get(key)}
    return {**beside, **properties}


# --- Whose it is --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whose:
    claims: dict[str, str]
    traits: dict[str, Any]
    properties: dict[str, Any]


def _vouched(said: Said, context: dict[str, Any], user_id: str) -> Whose:
    """A server key: what it says about people is believed."""
    given = {**_object(context.get("traits")), **said.traits}
    address = sanitise.email(given.get("email"))
    claims = ({"external_id": user_id} if user_id else {}) | ({"email": address} if address else {})
    properties = sanitise.mapping(said.properties)
    if given.get("email") and not address:
        properties["unverified"] = {
            "email": sanitise.line(given.get("email"), 320),
            "reason": "This is no email address.",
        }
    return Whose(claims, _traits(said.traits), properties)


def _traits(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sanitise.mapping(given).items():
        name = TRAITS.get(name, name)
        if name in ("email", "external_id"):
            continue
        if name == "locale":
            value = sanitise.language(value)
            if not value:
                continue
        if name in ("first_name", "last_name", "time_zone") and not isinstance(value, (str, type(None))):
            continue
        found[name] = value
    return found


def _anonymous(
    call: str, name: str, said: Said, context: dict[str, Any], user_id: str, anonymous_id: str, key: Key
) -> Whose:
    """A public key: everybody has it. What it says about people is kept beside the event, and believed by nobody."""
    if call == "alias":
        raise BadEvent("A public key cannot say that two are one: send alias with a server key.")
    if name in RESERVED:
        raise BadEvent(f"A public key may not send “{name}”: the site tells about this itself.")
    if name not in ALWAYS and not key.events & {name, SPELLED.get(name, name)}:
        raise BadEvent(
            f"Visitors may not send “{name}”: declare it for visitors, or add it to the events of the write key."
        )
    if len(anonymous_id) < SHORTEST_ID:
        raise BadEvent(f"anonymousId must have at least {SHORTEST_ID} characters, so that nobody guesses it.")
    given = {**said.traits, **({"userId": user_id} if user_id else {})}
    properties = sanitise.mapping(said.properties if call != "group" else {})
    if given:
        properties["unverified"] = sanitise.mapping(given, size=sanitise.MAX_SIZE // 2) | {
            "reason": UNVERIFIED
        }
    return Whose({}, {}, properties)


# --- Ids, moments, places -----------------------------------------------------------------------------------------------


def _id(value: Any, limit: int = MAX_ID) -> str:
    """An id as text; a long one becomes its hash, as one cut short could be another's."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sanitise.MAX_INTEGER:
        value = str(value)
    if not isinstance(value, str):
        return ""
    if len(value) > limit:
        return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return sanitise.text(value, limit).strip()


def message_id(call: str, message: dict[str, Any], now: datetime.datetime) -> str:
    """The sender's id. Without one, a hash: a message sent again on the same day is the same message."""
    given = message.get("messageId")
    found = sanitise.message_id(given)
    if found:
        return found
    if isinstance(given, str) and given:
        seed: Any = ["id", given]
    else:
        seed = [call, {name: value for name, value in message.items() if name not in ("sentAt", "writeKey")}]
        if not any(message.get(name) for name in ("originalTimestamp", "timestamp")):
            seed.append(now.date().isoformat())
    packed = json.dumps(seed, sort_keys=True).encode()
    return "hash-" + hashlib.sha256(packed).hexdigest()


def moment(value: Any) -> datetime.datetime | None:
    """ISO 8601, or milliseconds since 1970; None where it is neither."""
    try:
        if isinstance(value, str):
            found = parse_datetime(value[:40].strip())
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = datetime.datetime.fromtimestamp(value / 1000, datetime.UTC)
        else:
            return None
        if found is None:
            return None
        # An offset can carry the first and the last day of the calendar out of it.
        return found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found.astimezone(datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def occurred_at(message: dict[str, Any], given: Envelope) -> datetime.datetime:
    """When it happened by our clock: the sender's clock is off by as much as the time it says to send at."""
    found = moment(message.get("originalTimestamp")) or moment(message.get("timestamp"))
    if found is None:
        return given.now
    sent = given.sent_at or moment(message.get("sentAt"))
    if sent is not None:
        try:
            found = given.now - (sent - found)
        except OverflowError:
            return given.now
    earliest = EPOCH if given.key.server else given.now - sanitise.OLDEST
    return max(earliest, min(found, given.now + sanitise.NEWEST))


def _page_id(properties: dict[str, Any], context: dict[str, Any]) -> int | None:
    return sanitise.row_id(properties.get("page_id")) or sanitise.row_id(
        _object(context.get("page")).get("id")
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
