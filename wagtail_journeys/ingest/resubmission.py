"""What the API has rejected, read again once its cause is mended: the key's list is longer, the event is declared."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wagtail_journeys.events import deadletters
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.ingest import keeping, keys, protocol

#: What says who somebody is; of a visitor's message it is not kept.
IDENTIFYING = frozenset({"userId", "traits", "email"})


def connect() -> None:
    deadletters.register_reader(keeping.NAME, read_again)


def needed(call: Any, message: Any, given: protocol.Envelope) -> dict[str, Any]:
    """What has to be kept beside a rejected message to read it again; empty where no fix of ours can help."""
    if not isinstance(message, dict) or not isinstance(call, str) or call not in protocol.READERS:
        return {}
    try:
        # Kept with it, as what is kept can lack what the id is made of.
        found: dict[str, Any] = {"call": call, "message_id": protocol.message_id(call, message, given.now)}
    except RecursionError:
        return {}
    context = fit_to_keep(given.context, given.key)
    if context:
        found["context"] = context
    if given.sent_at:
        found["sent_at"] = given.sent_at.isoformat()
    if given.bot:
        found["bot"] = given.bot
    return found


def fit_to_keep(message: Any, key: keys.Key) -> Any:
    """Without the key itself; of a visitor's message also without what says who somebody is."""
    if not isinstance(message, dict):
        return message
    if key.server:
        return {name: value for name, value in message.items() if name != "writeKey"}
    kept = {name: value for name, value in message.items() if name not in IDENTIFYING | {"writeKey"}}
    context = kept.get("context")
    if isinstance(context, dict):
        kept["context"] = {name: value for name, value in context.items() if name not in IDENTIFYING}
    return kept


def read_again(letters: Sequence[tuple[dict[str, Any], datetime.datetime]]) -> list[Incoming | BadEvent]:
    """Each rejected message (payload, received) as an event, or why it is none. No statement, save a look at the keys."""
    keys.forget()  # the fix may be a second old
    ring = keys.ring()
    known = {key.source: key for key in ring.keys.values()}
    return [
        _read(payload, received_at, known.get(str(payload.get("source"))), ring.sites)
        for payload, received_at in letters
    ]


def _read(
    payload: dict[str, Any], received_at: datetime.datetime, key: keys.Key | None, sites: dict[str, int]
) -> Incoming | BadEvent:
    if key is None:
        return BadEvent("The write key that it came with is revoked or gone.")
    given = protocol.Envelope(
        key,
        received_at,
        sites,
        payload.get("context") or {},
        protocol.moment(payload.get("sent_at")),
        payload.get("bot", ""),
    )
    try:
        event = protocol.read(payload.get("call"), payload.get("body"), given)
    except BadEvent as why:
        return why
    return replace(event, message_id=payload["message_id"])
