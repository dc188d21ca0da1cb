"""Where the counted links of emails lead, and the note that somebody or something came by.

The note is beside the point for whoever clicks: they get where they want to go, whether it can be written down or not.
Without the contact's consent at this moment nothing is written down, also for emails that were sent when there was one.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent
from wagtail_journeys.emails import judging, links, utm
from wagtail_journeys.emails.hit_models import Hit, Link
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.rewriting import FIRST_VARYING, TRAP
from wagtail_journeys.events import bots
from wagtail_journeys.tracking import visitor
from wagtail_journeys.tracking.daily import network

logger = logging.getLogger(__name__)

COLUMNS = ["message", "kind", "link", "at", "network", "agent", "verdict", "reasons", "judge_at"]
PURPOSES = {"click": consent.CLICK_TRACKING, "open": consent.OPEN_TRACKING}

#: What could not be written down waits here for the next one that can.
_waiting: deque[tuple[Any, ...]] = deque(maxlen=1_000)


@dataclass(frozen=True)
class Target:
    """What a counted link is about: its message, where it leads (nowhere for a pixel), and whether to write it down."""

    message: int
    kind: str
    link: int | None
    url: str
    counts: bool


def target(token: str, kind: str) -> Target | None:
    """What the token stands for; None where it is not ours, or its message or link is gone. Two statements at most."""
    found = links.read_hit_token(token)
    if found is None or found[0] != kind:
        return None
    _kind, message_uuid, number = found
    row = _message(message_uuid, kind)
    if row is None:
        return None
    counts = row["agreed"] and not row["full"]
    if kind == "open":
        return Target(row["pk"], Hit.Kind.OPEN, None, "", counts)
    root_url = row["context__site__root_url"] or ""
    if number == TRAP:
        return Target(row["pk"], Hit.Kind.TRAP, None, root_url or "/", counts)
    link = _link(row, number)
    if link is None or not link.url.lower().startswith(("https://", "http://")):
        return None
    parameters = utm.values(
        root_url,
        row["campaign__name"] or "",
        row["template__name"] or "",
        row["step_id"],
        row["merge__variant"] or "",
    )
    url = utm.tagged(link.url, parameters, root_url)
    return Target(row["pk"], Hit.Kind.CLICK, link.pk, url, counts)


def _message(message_uuid: uuid.UUID, kind: str) -> Mapping[str, Any] | None:
    hits = Hit.objects.filter(message=OuterRef("pk")).order_by()
    return (
        Message.objects.filter(uuid=message_uuid)
        .annotate(
            agreed=consent.allows(PURPOSES[kind]), full=Exists(hits[conf.HIT_LIMIT - 1 : conf.HIT_LIMIT])
        )
        .values(
            "pk",
            "version_id",
            "step_id",
            "campaign__name",
            "template__name",
            "merge__variant",
            "context__site__root_url",
            "agreed",
            "full",
        )
        .first()
    )


def _link(row: Mapping[str, Any], number: int) -> Link | None:
    if number >= FIRST_VARYING:
        return Link.objects.filter(message=row["pk"], number=number).first()
    return Link.objects.filter(version=row["version_id"], number=number, varies=False).first()


def note(found: Target, request: HttpRequest, now: datetime.datetime) -> None:
    """Write down that the request came, if it may be. Never raises for what the database refuses."""
    if not found.counts or visitor.says_no(request):
        return
    agent = request.headers.get("User-Agent", "")
    reasons = judging.at_once(found.kind, request.method or "", agent, bots.purposes(request))
    row = (
        found.message,
        str(found.kind),
        found.link,
        now,
        network(request.META.get(conf.CLIENT_ADDRESS, "")),
        _clean(agent),
        Hit.Verdict.PENDING.value,
        reasons,
        now + datetime.timedelta(seconds=conf.HIT_GRACE),
    )
    try:
        _write(row)
    except DatabaseError:
        _waiting.append(row)
        logger.exception("That message %s was %s could not be kept yet.", found.message, found.kind)


def _clean(agent: str) -> str:
    return "".join(character for character in agent if character.isprintable())[:300]


def _write(row: tuple[Any, ...]) -> None:
    """One statement; also those that could not be written before. What one of them is refused for is its own affair."""
    late = [_waiting.popleft() for _number in range(len(_waiting))]
    try:
        with db.batch(Hit):
            db.insert_rows(Hit, COLUMNS, [*late, row], returning=())
    except IntegrityError:
        for each in [*late, row]:
            _write_alone(each)
    except DatabaseError:
        _waiting.extend(late)
        raise


def _write_alone(row: tuple[Any, ...]) -> None:
    try:
        with db.batch(Hit):
            db.insert_rows(Hit, COLUMNS, [row], returning=())
    except IntegrityError:
        logger.info("A hit was dropped: its message %s is gone.", row[0])
