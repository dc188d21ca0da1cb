"""What an unsubscribe link does: end one topic for one contact, at once, and take it back where it was a mistake."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import ConsentEntry, Contact, Topic
from wagtail_journeys.emails import links, outbox
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.inbox import Incoming, accept

#: Source of the consent entries and of the events.
UNSUBSCRIBE = "unsubscribe"


def message_of(token: str) -> Message | None:
    """The message whose link this is; None where the link is not ours or the message is gone."""
    found = links.read_token(token)
    if found is None or found[0] != "unsubscribe":
        return None
    return Message.objects.select_related("contact", "topic").filter(uuid=found[1]).first()


def refuse(message: Message, topic: Topic, wording: str, now: datetime.datetime) -> None:
    """End the message's topic for its contact. Doing it again changes nothing."""
    with db.batch(Contact):
        newest = _newest(message, topic)
        if newest is None or newest.state != consent.REFUSED:
            _record(message, topic, consent.REFUSED, wording, now)
        with translation.override(settings.LANGUAGE_CODE):  # colleagues read it, not the contact
            reason = _t("the contact unsubscribed")
        # Also those that were queued since: a link clicked twice is meant twice.
        outbox.cancel_for(Q(contact_id=message.contact_id, topic=topic), reason, now)


def restore(message: Message, topic: Topic, wording: str, now: datetime.datetime) -> bool:
    """Take the refusal made with this very link back; False where there is none to take back.

    A link in a forwarded or an old mail cannot undo what somebody decided elsewhere.
    """
    with db.batch(Contact):
        if not _undoes(message, _newest(message, topic)):
            return False
        _record(message, topic, consent.GRANTED, wording, now)
    return True


@dataclass(frozen=True)
class Standing:
    """Whether the contact has refused the topic, and whether this link may take that back."""

    refused: bool
    can_restore: bool


def standing(message: Message, topic: Topic) -> Standing:
    newest = _newest(message, topic, lock=False)
    return Standing(newest is not None and newest.state == consent.REFUSED, _undoes(message, newest))


def _undoes(message: Message, newest: ConsentEntry | None) -> bool:
    return (
        newest is not None
        and newest.state == consent.REFUSED
        and newest.source == UNSUBSCRIBE
        and newest.proof.get("message") == str(message.uuid)
    )


def _newest(message: Message, topic: Topic, *, lock: bool = True) -> ConsentEntry | None:
    if lock:  # two clicks at the same moment: the second one sees what the first one wrote
        list(Contact.objects.select_for_update(no_key=True).filter(pk=message.contact_id).values_list("pk"))
    entries = ConsentEntry.objects.filter(contact_id=message.contact_id, topic=topic)
    return entries.order_by("-occurred_at", "-pk").first()


def _record(message: Message, topic: Topic, state: str, wording: str, now: datetime.datetime) -> None:
    proof = {"message": str(message.uuid)}
    consent.record(
        [message.contact_id], topic, state, source=UNSUBSCRIBE, now=now, wording=wording, proof=proof
    )
    accept(
        Incoming(
            source=UNSUBSCRIBE,
            name=catalogue.CONSENT_CHANGED,
            occurred_at=now,
            contact_id=message.contact_id,
            properties={
                "topic": topic.slug,
                "state": str(state),
                "by": UNSUBSCRIBE,
                "message": str(message.uuid),
                "campaign": message.campaign_id,
                "step": message.step_id,
            },
        ),
        now,
    )
