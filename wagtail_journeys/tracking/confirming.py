"""The link of an email with which its receiver confirms the address: a proof of who sits at the browser, good once.

Looking changes nothing, since scanners of mail servers look too; the button does. Only the first press says who is there:
whoever presses it later may have got the mail forwarded.
"""

from __future__ import annotations

import datetime

from django.http import HttpRequest

from wagtail_journeys.emails import links
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.tracking import visitor

#: Source of the event, and so the evidence of the identity.
CONFIRM = "confirm"

#: How long a link is good.
AGE = datetime.timedelta(days=30)


def message_of(token: str, now: datetime.datetime) -> Message | None:
    """The message whose link this is; None where it is not ours, too old, or the message or its address is gone."""
    found = links.read_token(token)
    if found is None or found[0] != "confirm":
        return None
    message = (
        Message.objects.select_related("contact").filter(uuid=found[1], created_at__gt=now - AGE).first()
    )
    # An address that the contact has given up since proves nothing any more.
    return message if message is not None and message.contact.email == message.address else None


def confirm(message: Message, request: HttpRequest, now: datetime.datetime) -> bool:
    """Record that the address is confirmed, and by which browser; False where it was confirmed before."""
    if not Message.objects.filter(pk=message.pk, confirmed_at__isnull=True).update(confirmed_at=now):
        return False
    accept(
        Incoming(
            source=CONFIRM,
            name=catalogue.EMAIL_CONFIRMED,
            message_id=str(message.uuid),
            occurred_at=now,
            anonymous_id=visitor.anonymous_id(request),
            claims={"email": message.address},
            properties={
                "message": str(message.uuid),
                "campaign": message.campaign_id,
                "step": message.step_id,
            },
        ),
        now,
    )
    return True
