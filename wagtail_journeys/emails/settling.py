"""Opens and clicks are judged after a while, when what happened around them is known, and only then told as events."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.events import catalogue, inbox, turns
from wagtail_journeys.events.inbox import Incoming

from . import judging, telling
from .hit_models import Hit
from .judging import Fact
from .models import Message

#: Hits judged in one transaction.
BATCH = 500
#: As many transactions in one look.
BATCHES = 10
#: How long until somebody looks again for details that have been kept long enough.
FORGET_EVERY = datetime.timedelta(hours=1)
FORGET_BATCH = 5_000

EVENTS = {Hit.Kind.OPEN.value: catalogue.EMAIL_OPENED, Hit.Kind.CLICK.value: catalogue.EMAIL_CLICKED}
FIELDS = {Hit.Kind.OPEN.value: "opened", Hit.Kind.CLICK.value: "clicked"}


def look(now: datetime.datetime) -> int:
    """Judge what is due, and forget what has been kept long enough. Returns how many hits were judged."""
    done = 0
    if Hit.objects.filter(judge_at__lte=now).exists():
        for _batch in range(BATCHES):
            judged = settle(now)
            done += judged
            if judged < BATCH:
                break
    if turns.take("hits", FORGET_EVERY, now):
        forget(now)
    return done


def settle(now: datetime.datetime) -> int:
    """One batch of hits that are due. Eight statements, however many."""
    with db.batch(Hit):
        ready = Hit.objects.filter(judge_at__lte=now).select_related("link")
        due = db.claim(ready.order_by("judge_at", "pk"), BATCH)
        if not due:
            return 0
        messages = _messages({hit.message_id for hit in due})
        around = _around(due)
        rows: list[tuple[Any, ...]] = []
        best: dict[int, dict[str, str]] = defaultdict(dict)
        told: list[Incoming] = []
        by_message: dict[int, list[Hit]] = defaultdict(list)
        for hit in due:
            by_message[hit.message_id].append(hit)
        for pk, hits in by_message.items():
            message = messages[pk]
            verdicts = judging.judge(around[pk], message.handed_over, _soon(), _grace())
            for hit in hits:
                hit.verdict, hit.reasons = verdicts[hit.pk]
                rows.append((hit.pk, hit.verdict, hit.reasons, None))
                field = FIELDS.get(hit.kind)
                if field is not None:
                    known = best[pk].get(field, message.known[field])
                    best[pk][field] = judging.better(known, hit.verdict)
                    told.append(_event(hit, message, now))
        db.update_rows(Hit, "id", ["verdict", "reasons", "judge_at"], rows)
        db.update_rows(
            Message,
            "id",
            ["opened", "clicked"],
            [
                (
                    pk,
                    found.get("opened", messages[pk].known["opened"]),
                    found.get("clicked", messages[pk].known["clicked"]),
                )
                for pk, found in best.items()
            ],
        )
        inbox.accept_many(told, now)
    return len(due)


def _soon() -> datetime.timedelta:
    return datetime.timedelta(seconds=conf.HIT_SOON)


def _grace() -> datetime.timedelta:
    return datetime.timedelta(seconds=conf.HIT_GRACE)


class _Of:
    """A message, as far as its hits need it."""

    def __init__(self, told: telling.Told, row: Mapping[str, Any]) -> None:
        self.told = told
        self.handed_over: datetime.datetime | None = (
            row["settled_at"] if row["state"] == Message.State.SENT else row["marked_at"]
        )
        self.known = {"opened": row["opened"], "clicked": row["clicked"]}


def _messages(ids: set[int]) -> dict[int, _Of]:
    """Held until the transaction ends, so that two verdicts on one message are not written at the same moment."""
    rows = db.locked(Message.objects.filter(pk__in=ids).order_by("pk")).values(
        "pk", "state", "settled_at", "marked_at", "opened", "clicked"
    )
    found = {row["pk"]: row for row in rows}
    return {told.pk: _Of(told, found[told.pk]) for told in telling.about(Message.objects.filter(pk__in=ids))}


def _around(due: Iterable[Hit]) -> dict[int, list[Fact]]:
    """All hits of these messages that can have to do with those that are due."""
    ids = {hit.message_id for hit in due}
    reach = max(_grace(), judging.BURST)
    moments = [hit.at for hit in due]
    facts: dict[int, list[Fact]] = defaultdict(list)
    rows = Hit.objects.filter(
        message__in=ids, at__gte=min(moments) - reach, at__lte=max(moments) + reach
    ).values_list("message_id", "pk", "kind", "link_id", "at", "network", "reasons")
    for message, *rest in rows.order_by("at", "pk"):
        facts[message].append(Fact(*rest))
    return facts


def _event(hit: Hit, message: _Of, now: datetime.datetime) -> Incoming:
    properties = {**message.told.properties, "verdict": hit.verdict, "reasons": hit.reasons}
    if hit.verdict == catalogue.HUMAN:
        properties.pop(catalogue.CHAIN, None)  # a person is no link in a chain of campaigns
    if hit.link is not None:
        properties["url"] = hit.link.url[:2000]
    return Incoming(
        source=catalogue.ENGINE,
        name=EVENTS[hit.kind],
        message_id=f"{EVENTS[hit.kind]}:{hit.pk}",
        occurred_at=min(hit.at, now),
        contact_id=message.told.contact,
        properties=properties,
    )


def forget(now: datetime.datetime) -> int:
    """Empty what tells where hits came from, once it is old; verdicts and counts stay. Returns how many."""
    old = Hit.objects.filter(
        ~Q(network="") | ~Q(agent=""),
        at__lt=now - datetime.timedelta(days=conf.HIT_DETAILS),
        judge_at__isnull=True,
    )
    ids = list(old.order_by("at").values_list("pk", flat=True)[:FORGET_BATCH])
    return Hit.objects.filter(pk__in=ids).update(network="", agent="") if ids else 0
