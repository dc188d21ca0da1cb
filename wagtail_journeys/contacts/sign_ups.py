"""Sign-ups that wait to be confirmed: taken within limits, so that nobody's mailbox is filled with our questions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from wagtail_journeys import db
from wagtail_journeys.conf import conf

from .models import address_hash, normalise_email
from .sign_up_models import SignUp
from .topics import Worded

#: In so long one address gets JOURNEYS_SIGN_UP_ADDRESS_LIMIT emails at most …
ADDRESS_PERIOD = datetime.timedelta(hours=24)
#: … and one network signs up JOURNEYS_SIGN_UP_NETWORK_LIMIT times at most.
NETWORK_PERIOD = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """What somebody has asked for in a form, and where."""

    address: str
    items: Sequence[Worded]
    source: str
    language: str = ""
    first_name: str = ""
    url: str = ""
    network: str = ""
    user_agent: str = ""
    site_id: int | None = None
    topics: list[dict[str, object]] = field(init=False)

    def __post_init__(self) -> None:
        topics = [{"topic": item.topic.pk, "wording": item.wording} for item in self.items]
        object.__setattr__(self, "topics", topics)


def is_crowded(network: str, now: datetime.datetime) -> bool:
    """Whether so many sign-ups have come from there that it is asked to wait. One statement."""
    if not network or not conf.SIGN_UP_NETWORK_LIMIT:
        return False
    recent = SignUp.objects.filter(network=network, created_at__gt=now - NETWORK_PERIOD)
    return recent.count() >= conf.SIGN_UP_NETWORK_LIMIT


def take(asked: Asked, now: datetime.datetime, *, confirmed: bool = False) -> SignUp | None:
    """Write a sign-up down, and queue the email that asks for its confirmation unless it needs none.

    None where the address has been asked often enough for today; whoever asked is told the same all the same.
    """
    hashed = address_hash(asked.address)
    with db.batch(SignUp):
        db.lock_each(SignUp, [f"sign-up:{hashed}"])
        recent = SignUp.objects.filter(address_hash=hashed, created_at__gt=now - ADDRESS_PERIOD)
        if not confirmed and recent.count() >= conf.SIGN_UP_ADDRESS_LIMIT:
            return None
        return SignUp.objects.create(
            address=normalise_email(asked.address),
            address_hash=hashed,
            first_name=asked.first_name[:200],
            language=asked.language[:20],
            topics=asked.topics,
            source=asked.source[:100],
            url=asked.url[:2000],
            network=asked.network[:50],
            user_agent=asked.user_agent[:200],
            site_id=asked.site_id,
            state=SignUp.State.SENT if confirmed else SignUp.State.QUEUED,
            due_at=None if confirmed else now,
            created_at=now,
            confirmed_at=now if confirmed else None,
        )


def is_open(sign_up: SignUp, now: datetime.datetime) -> bool:
    """Whether its link is still good."""
    return sign_up.created_at > now - datetime.timedelta(days=conf.SIGN_UP_DAYS)


def purge(now: datetime.datetime) -> int:
    """Delete what has been kept long enough: who has confirmed is a contact, and the ledger has the proof."""
    kept = datetime.timedelta(days=max(conf.SIGN_UP_KEEP, conf.SIGN_UP_DAYS))
    return SignUp.objects.filter(created_at__lt=now - kept).delete()[0]
