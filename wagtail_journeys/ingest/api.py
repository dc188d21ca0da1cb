"""``track``, ``identify`` and ``enrol`` for Python code. The row is written in the caller's transaction: it comes and goes with it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model
from django.utils import timezone

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import accounts, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.journeys import enrolment
from wagtail_journeys.journeys.models import EnrolRequest

#: Names that only the package itself writes, as only it knows them to be true.
OWN_NAMES = frozenset(
    {
        catalogue.EMAIL_SENT,
        catalogue.JOURNEY_ENTERED,
        catalogue.JOURNEY_ENDED,
        catalogue.JOURNEY_CONVERTED,
        catalogue.CONSENT_CHANGED,
        catalogue.EMAIL_CONFIRMED,
    }
)


EARLIEST = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def track(
    name: str,
    *,
    email: str | None = None,
    external_id: str | None = None,
    user: Any = None,
    contact: Contact | None = None,
    anonymous_id: str = "",
    properties: Mapping[str, Any] | None = None,
    occurred_at: datetime.datetime | None = None,
    message_id: str | None = None,
    source: str = "python",
    page: Any = None,
    document: Any = None,
) -> str:
    """Tell that something happened. Returns the event's message id.

    Say whose event it is by at least one of ``email``, ``external_id``, ``user``, ``contact``, ``anonymous_id``; the
    caller vouches for it. ``message_id`` makes the event unique within its ``source``: give an id of your own and a
    call that is repeated counts once. ``page`` and ``document`` are instances or primary keys.
    """
    if name == catalogue.IDENTIFY:
        raise ValueError("Use identify() to tell who somebody is.")
    if name in OWN_NAMES:
        raise ValueError(f"{name!r} is written by wagtail-journeys itself; give your event another name.")
    if not any((email, external_id, user, contact, anonymous_id)):
        raise ValueError("Say whose event it is: give email, external_id, user, contact or anonymous_id.")
    return _accept(
        name,
        claims=_claims(email, external_id, user, contact),
        contact=contact,
        anonymous_id=anonymous_id,
        properties=properties,
        occurred_at=occurred_at,
        message_id=message_id,
        source=source,
        page=page,
        document=document,
    )


def identify(
    *,
    email: str | None = None,
    external_id: str | None = None,
    user: Any = None,
    anonymous_id: str = "",
    traits: Mapping[str, Any] | None = None,
    occurred_at: datetime.datetime | None = None,
    message_id: str | None = None,
    source: str = "python",
) -> str:
    """Tell who somebody is and what is known about them. Returns the event's message id.

    ``traits`` are contact fields (``first_name``, ``last_name``, ``locale``, ``time_zone``, ``country``) and attributes of your own.
    With an ``anonymous_id`` that visitor's history becomes the contact's, unless it is somebody else's already.
    """
    if not any((email, external_id, user)):
        raise ValueError("Say who it is: give email, external_id or user.")
    traits = _mapping("traits", traits)
    for key in ("email", "external_id"):
        if key in traits:
            raise ValueError(
                f"{key!r} is not a trait: give it as identify({key}=…), so that the contact is found by it."
            )
    known = accounts.traits_of(user) if user is not None else {}
    return _accept(
        catalogue.IDENTIFY,
        claims=_claims(email, external_id, user, None),
        traits=known | sanitise.mapping(traits, strict=True),
        anonymous_id=anonymous_id,
        occurred_at=occurred_at,
        message_id=message_id,
        source=source,
    )


def enrol(
    campaign: Campaign, contacts: Iterable[Contact | int], *, skip_trigger: bool = False
) -> EnrolRequest:
    """Add contacts (rows or primary keys) to a live campaign, by the next look at the queues, with every check.

    Returns the request: ``entered``, ``refused`` (reason → number) and ``state`` say what became of it. A campaign with
    a trigger of its own takes them only with ``skip_trigger``. Raises EnrolRefused where the campaign cannot be entered.
    """
    ids = [contact.pk if isinstance(contact, Contact) else contact for contact in contacts]
    draft = enrolment.draft(campaign, EnrolRequest.Source.CODE, timezone.now(), contacts=ids)
    return enrolment.ask(draft, skip_trigger=skip_trigger)


def _accept(
    name: str,
    *,
    claims: dict[str, str],
    source: str,
    contact: Contact | None = None,
    anonymous_id: str = "",
    traits: dict[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
    occurred_at: datetime.datetime | None = None,
    message_id: str | None = None,
    page: Any = None,
    document: Any = None,
) -> str:
    now = timezone.now()
    try:
        name = sanitise.event_name(name)
    except BadEvent as why:
        raise ValueError(str(why)) from why
    event = Incoming(
        source=_text("source", source, 40),
        name=name,
        occurred_at=_moment(occurred_at, now),
        anonymous_id=_text("anonymous_id", anonymous_id, 100) if anonymous_id else "",
        claims=claims,
        traits=traits or {},
        properties=sanitise.mapping(_mapping("properties", properties), strict=True),
        contact_id=contact.pk if contact is not None else None,
        page_id=_row_id("page", page),
        document_id=_row_id("document", document),
        message_id=str(uuid.uuid4()) if message_id is None else _text("message_id", message_id, 100),
    )
    accept(event, now)
    return event.message_id


def _claims(email: str | None, external_id: str | None, user: Any, contact: Contact | None) -> dict[str, str]:
    if contact is not None:
        if not isinstance(contact, Contact) or contact.pk is None:
            raise TypeError(
                "contact must be a saved Contact; for an address use email, for an id external_id."
            )
        if email or external_id or user:
            raise ValueError(
                "Give either contact, or email, external_id or user: two of them could be two people."
            )
        return {}
    claims: dict[str, str] = {}
    if user is not None:
        if not getattr(user, "is_authenticated", False) or user.pk is None:
            raise ValueError("user must be a saved user who is logged in; for visitors give anonymous_id.")
        claims = accounts.claims_of(user)
    if email:
        claims["email"] = sanitise.email(email)
        if not claims["email"]:
            raise ValueError(f"{email!r} is not an email address.")
    if external_id:
        claims["external_id"] = _text("external_id", external_id, 200)
    return claims


def _text(what: str, value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {type(value).__name__}: give str({what}).")
    if not value or len(value) > limit:
        raise ValueError(f"{what} must have 1 to {limit} characters; it has {len(value)}.")
    if sanitise.text(value, limit) != value:
        raise ValueError(f"{what} holds characters that no database keeps (NUL or half a surrogate pair).")
    return value


def _mapping(what: str, value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} must be a dict, not {type(value).__name__}.")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"The names in {what} must be text; {key!r} is {type(key).__name__}.")
    return value


def _moment(value: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime:
    if value is None:
        return now
    if not isinstance(value, datetime.datetime):
        raise TypeError(f"occurred_at must be a datetime, not {type(value).__name__}.")
    if timezone.is_naive(value):
        raise ValueError("occurred_at has no time zone: use django.utils.timezone.make_aware().")
    if value < EARLIEST:
        raise ValueError("occurred_at lies before 1970: is the unit right?")
    if value > now + sanitise.NEWEST:
        raise ValueError("occurred_at lies in the future: an event is something that has happened.")
    return value


def _row_id(what: str, value: Any) -> int | None:
    if value is None:
        return None
    found = sanitise.row_id(value.pk if isinstance(value, Model) else value)
    if found is None:
        raise ValueError(f"{what} must be a saved instance or its primary key, not {value!r}.")
    return found
