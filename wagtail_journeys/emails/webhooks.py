"""What django-anymail's webhooks hear from email providers is written down here, at once and once. Looking at it comes later.

The site includes ``anymail.urls``; without django-anymail nothing is connected.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
from typing import Any

from django.apps import apps
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from wagtail_journeys import db, jobs
from wagtail_journeys.contacts.models import address_hash

from . import esp
from .traffic import Feedback

logger = logging.getLogger(__name__)

Kind = Feedback.Kind

#: What providers call a bounce that may be over tomorrow, where django-anymail does not say so.
SOFT_WORDS = {"soft_bounce", "softbounce", "transient", "soft", "blocked", "temporary"}
LONGEST_RAW = 20_000


def connect() -> None:
    if apps.is_installed("anymail"):
        from anymail.signals import tracking

        tracking.connect(receive, dispatch_uid="wagtail_journeys.emails.webhooks.receive")


def receive(sender: Any, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Write the event down. An event that cannot be read is logged; the provider gets an error, and tries again later,
    only where the database is away."""
    now = timezone.now()  # noqa: TID251 a door: stamps the moment of receipt
    try:
        kind = kind_of(event)
        if kind == Kind.OTHER:
            return
        keep(row_of(event, esp_name.lower(), kind, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("An event of %s cannot be read", esp_name)


def keep(row: dict[str, Any]) -> bool:
    """Returns False for one that is known already."""
    with db.batch(Feedback):
        written = db.insert_rows(Feedback, list(row), [tuple(row.values())], ignore_conflicts=True)
    if written:
        jobs.wake()
    return bool(written)


def row_of(event: Any, provider: str, kind: str, now: datetime.datetime) -> dict[str, Any]:
    raw = _plain(event.esp_event)
    recipient = str(event.recipient or "")
    key = str((event.metadata or {}).get(esp.METADATA) or event.message_id or "")
    said = [event.event_type, key, recipient, str(event.timestamp), json.dumps(raw, sort_keys=True)]
    happened = event.timestamp if isinstance(event.timestamp, datetime.datetime) else now
    reason = str(event.mta_response or event.description or event.reject_reason or "")
    return {
        "provider": provider[:40],
        "event_id": _short(str(event.event_id)) if event.event_id else _hash("\n".join(said)),
        "kind": str(kind),
        "message_key": key[:255],
        "address_hash": address_hash(recipient) if recipient else "",
        "reason": reason.replace("\x00", "")[:500],
        "raw": raw,
        "error": "",
        "is_spent": False,
        "happened_at": min(happened, now),
        "received_at": now,
        "due_at": now,
    }


def kind_of(event: Any) -> str:
    """What an event means for us; opens and clicks are counted by our own links."""
    reason = event.reject_reason or ""
    if event.event_type in ("delivered", "complained", "unsubscribed", "failed"):
        return Kind(event.event_type).value
    if event.event_type not in ("bounced", "rejected"):
        return Kind.OTHER.value
    if reason == "spam" and event.event_type == "rejected":
        return Kind.COMPLAINED.value  # an earlier complaint that the provider knows of
    if reason == "unsubscribed":
        return Kind.UNSUBSCRIBED.value
    if reason == "invalid" or (reason == "bounced" and not _is_soft(event)):
        return Kind.HARD.value
    return Kind.SOFT.value


def _is_soft(event: Any) -> bool:
    if str(event.mta_response or "").lstrip().startswith("4"):
        return True
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    bounce = raw.get("bounce") or (raw.get("data") or {}).get("bounce") or {}
    words = [raw.get("event"), raw.get("Type"), raw.get("type"), raw.get("severity")]
    if isinstance(bounce, dict):
        words += [bounce.get("bounceType"), bounce.get("type")]
    return any(str(word).lower() in SOFT_WORDS for word in words)


def _plain(raw: Any) -> Any:
    """What the provider sent, as far as it can be kept."""
    data = raw.dict() if hasattr(raw, "dict") else raw
    text = json.dumps(data, default=str).replace("\\u0000", "")
    return json.loads(text) if len(text) <= LONGEST_RAW else {"cut": text[:LONGEST_RAW]}


def _short(text: str) -> str:
    return text if len(text) <= 200 and text.isprintable() else _hash(text)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=20).hexdigest()
