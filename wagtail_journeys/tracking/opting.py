"""Signing up: the question by email, and what its confirmation does. Who has not confirmed is nobody's contact yet."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.http import HttpRequest

from wagtail_journeys import db, jobs, pipeline
from wagtail_journeys.contacts import consent, sign_ups, topics
from wagtail_journeys.contacts.models import ConsentState, Contact, Topic
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.contacts.sign_ups import Asked
from wagtail_journeys.contacts.topics import Worded
from wagtail_journeys.emails import links
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.segments.membership import Touched
from wagtail_journeys.tracking import visitor


def ask(asked: Asked, now: datetime.datetime) -> None:
    """Take a sign-up: at once where none of its topics needs a confirmation, else when the address confirms it.

    Whoever asks learns nothing about the address: neither whether it is known, nor whether it was asked too often.
    """
    topics.keep_wordings(asked.items, now)
    if not any(item.topic.double_opt_in for item in asked.items) and not _has_refused(asked):
        sign_up = sign_ups.take(asked, now, confirmed=True)
        if sign_up is not None:
            _grant(sign_up, now, {})
    elif sign_ups.take(asked, now) is not None:
        jobs.wake()


def _has_refused(asked: Asked) -> bool:
    """Whether the address has said no to one of the topics: anybody can type it, only its owner can change that."""
    named = ConsentState.objects.filter(
        contact__email=asked.address, topic__in=[item.topic for item in asked.items], state=consent.REFUSED
    )
    gone = Contact.objects.filter(email=asked.address, unsubscribed_at__isnull=False)
    return named.exists() or gone.exists()


def sign_up_of(token: str, now: datetime.datetime) -> SignUp | None:
    """The sign-up whose link this is; None where it is not ours, too old, or gone."""
    found = links.read_token(token)
    if found is None or found[0] != "opt_in":
        return None
    sign_up = SignUp.objects.filter(uuid=found[1]).first()
    return sign_up if sign_up is not None and sign_ups.is_open(sign_up, now) else None


def worded_topics(sign_up: SignUp) -> list[Worded]:
    """What was asked for, in the words of then. Two statements."""
    words = {asked["topic"]: asked["wording"] for asked in sign_up.topics}
    items = topics.worded(Topic.objects.filter(pk__in=words), sign_up.language)
    return [Worded(i.topic, i.language, i.name, i.description, words[i.topic.pk]) for i in items]


def confirm(sign_up: SignUp, request: HttpRequest, now: datetime.datetime) -> Contact | None:
    """The owner of the address says yes. Only the first time: later on somebody else may have got the email.

    Returns the contact, or None where it was confirmed before.
    """
    with db.batch(Contact):
        mine = SignUp.objects.filter(pk=sign_up.pk, confirmed_at__isnull=True)
        if not mine.update(confirmed_at=now, state=SignUp.State.SENT, due_at=None):
            return None
        sign_up.confirmed_at = now
        proof = {"confirmed_at": now.isoformat()}
        contact = _grant(sign_up, now, proof)
        accept(
            Incoming(
                source="confirm",
                name=catalogue.EMAIL_CONFIRMED,
                message_id=str(sign_up.uuid),
                occurred_at=now,
                anonymous_id=visitor.anonymous_id(request),
                claims={"email": sign_up.address},
                properties={"sign_up": str(sign_up.uuid)},
                site_id=sign_up.site_id,
                url=sign_up.url,
            ),
            now,
        )
    return contact


def _grant(sign_up: SignUp, now: datetime.datetime, proof: dict[str, Any]) -> Contact:
    """Make the contact if there is none, and write its consents into the ledger with what proves them."""
    proof = {
        "sign_up": str(sign_up.uuid),
        "asked_at": sign_up.created_at.isoformat(),
        "url": sign_up.url,
        "network": sign_up.network,
        "user_agent": sign_up.user_agent,
        **proof,
    }
    with db.batch(Contact):
        contact = _contact(sign_up, now)
        for item in worded_topics(sign_up):
            consent.record(
                [contact], item.topic, consent.GRANTED, sign_up.source, now, wording=item.wording, proof=proof
            )
            properties = {"topic": item.topic.slug, "state": "granted", "by": sign_up.source}
            accept(
                Incoming(
                    source=sign_up.source,
                    name=catalogue.CONSENT_CHANGED,
                    message_id=f"{sign_up.uuid}:{item.topic.pk}",
                    occurred_at=now,
                    contact_id=contact.pk,
                    properties={**properties, "sign_up": str(sign_up.uuid)},
                    site_id=sign_up.site_id,
                    url=sign_up.url,
                ),
                now,
            )
    return contact


def _contact(sign_up: SignUp, now: datetime.datetime) -> Contact:
    """The contact with the address. What it did not say about itself before, the form says now."""
    made = db.insert_rows(
        Contact,
        ["uuid", "email", "first_name", "last_name", "locale", "time_zone", "country", "attributes", "points"]
        + ["lifetime_value", "orders", "created_at"],
        [(uuid.uuid4(), sign_up.address, sign_up.first_name, "", sign_up.language, "", "", {}, 0, 0, 0, now)],
        ignore_conflicts=True,
    )
    contact = db.locked(Contact.objects.filter(email=sign_up.address)).get()
    touched = Touched()
    if made:
        touched.created.add(contact.pk)
    said = {"first_name": sign_up.first_name, "locale": sign_up.language}
    new = {name: value for name, value in said.items() if value and not getattr(contact, name)}
    if new:
        Contact.objects.filter(pk=contact.pk).update(**new)
        for name in new:
            touched.fields[name].add(contact.pk)
    if made or new:
        pipeline.follow(touched, now)
    return contact
