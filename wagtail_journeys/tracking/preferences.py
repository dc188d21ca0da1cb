"""The preference centre: what a contact gets, in which language, and from when on. The signed link says whose it is."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _t

from wagtail_journeys import db, pipeline
from wagtail_journeys.contacts import consent, topics
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Topic
from wagtail_journeys.contacts.topics import Worded
from wagtail_journeys.emails import links, outbox
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.journeys import pauses
from wagtail_journeys.segments.membership import Touched

#: Source of the consent entries and of the events.
PREFERENCES = "preferences"

PAUSE = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Holder:
    """Who holds a link: a contact, and the message that the link was in, if any."""

    contact: Contact
    message: Message | None = None

    @property
    def proof(self) -> dict[str, Any]:
        return {"message": str(self.message.uuid)} if self.message else {"contact": str(self.contact.uuid)}


def holder_of(token: str) -> Holder | None:
    """Whose link this is; None where the link is not ours, or the contact is gone."""
    found = links.read_token(token)
    if found is None:
        return None
    kind, uuid = found
    if kind == "preferences":
        message = Message.objects.select_related("contact", "topic").filter(uuid=uuid).first()
        return Holder(message.contact, message) if message else None
    if kind == "contact":
        contact = Contact.objects.filter(uuid=uuid).first()
        return Holder(contact) if contact else None
    return None


# --- How things stand ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One topic, and whether the contact gets it as things stand."""

    item: Worded
    chosen: bool
    state: str = ""

    @property
    def topic(self) -> Topic:
        return self.item.topic


def choices(holder: Holder) -> list[Choice]:
    """What contacts can choose, and the topic of the link's own message. Three statements."""
    found = topics.choosable()
    own = holder.message.topic if holder.message else None
    if own is not None and own not in found:
        found.append(own)
    items = topics.worded(found, translation.get_language() or settings.LANGUAGE_CODE)
    states = dict(ConsentState.objects.filter(contact=holder.contact).values_list("topic_id", "state"))
    return [_choice(holder.contact, item, states.get(item.topic.pk, "")) for item in items]


def _choice(contact: Contact, item: Worded, state: str) -> Choice:
    by_default = item.topic.mode == Topic.Mode.OPT_OUT and contact.unsubscribed_at is None
    return Choice(item, state == consent.GRANTED or (by_default and state != consent.REFUSED), state)


def is_paused(contact: Contact, now: datetime.datetime) -> bool:
    return contact.paused_until is not None and contact.paused_until > now


def languages() -> list[tuple[str, str]]:
    """The languages of the site, each in its own words."""
    return [(code, _own_name(code, str(name))) for code, name in settings.LANGUAGES]


def _own_name(code: str, name: str) -> str:
    try:
        return str(translation.get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return name


# --- What the contact decides -------------------------------------------------------------------------------------------


def choose(holder: Holder, chosen: Collection[str], shown: Collection[str], now: datetime.datetime) -> int:
    """Take over the choice among the topics that were shown (by their slugs). Returns how many have changed."""
    with db.batch(Contact):
        _hold(holder)
        changed = [
            choice
            for choice in choices(holder)
            if choice.topic.slug in shown and (choice.topic.slug in chosen) != choice.chosen
        ]
        wanted = [choice for choice in changed if choice.topic.slug in chosen]
        given_up = [choice for choice in changed if choice.topic.slug not in chosen]
        topics.keep_wordings([choice.item for choice in wanted], now)
        for choice in wanted:
            _record(holder, choice.topic, consent.GRANTED, choice.item.wording, now)
        for choice in given_up:
            words = _t("Not any more: %(topic)s") % {"topic": choice.item.name}
            _record(holder, choice.topic, consent.REFUSED, words, now)
        _call_back(holder, [choice.topic for choice in given_up], now)
    return len(changed)


def unsubscribe(holder: Holder, now: datetime.datetime) -> None:
    """No email about any topic any more, also not about one that there will be later. Doing it again changes nothing."""
    wording = _t("Unsubscribe from everything")
    with db.batch(Contact):
        _hold(holder)
        states = ConsentState.objects.filter(contact=holder.contact, state=consent.REFUSED)
        about_emails = Topic.objects.filter(purpose=Topic.Purpose.EMAILS)
        for topic in about_emails.exclude(pk__in=states.values("topic_id")):
            _record(holder, topic, consent.REFUSED, wording, now)
        if holder.contact.unsubscribed_at is None:
            Contact.objects.filter(pk=holder.contact.pk).update(unsubscribed_at=now)
            holder.contact.unsubscribed_at = now
        _call_back(holder, None, now)


def pause(holder: Holder, until: datetime.datetime | None, now: datetime.datetime) -> None:
    """No emails until then, but for those that ignore topics; None: the pause is over."""
    with db.batch(Contact):
        _hold(holder)
        before = holder.contact.paused_until
        Contact.objects.filter(pk=holder.contact.pk).update(paused_until=until)
        holder.contact.paused_until = until
        if until is None:
            pauses.over(holder.contact.pk, now)
        if before == until:
            return
        name = catalogue.EMAILS_PAUSED if until else catalogue.EMAILS_RESUMED
        _tell(holder, name, {"until": until.isoformat()} if until else {}, now)


def speak(holder: Holder, code: str, now: datetime.datetime) -> bool:
    """Change the contact's language; segments and campaigns look at it. False where it is not one of the site's."""
    if code not in dict(settings.LANGUAGES) or holder.contact.locale == code:
        return False
    with db.batch(Contact):
        Contact.objects.filter(pk=holder.contact.pk).update(locale=code)
        holder.contact.locale = code
        touched = Touched()
        touched.fields["locale"].add(holder.contact.pk)
        pipeline.follow(touched, now)
    return True


def _hold(holder: Holder) -> None:
    """Two clicks at the same moment: the second one sees what the first one wrote."""
    held = db.locked(Contact.objects.filter(pk=holder.contact.pk))
    rows = list(held.values_list("paused_until", "unsubscribed_at", "locale"))
    if rows:
        holder.contact.paused_until, holder.contact.unsubscribed_at, holder.contact.locale = rows[0]


def _call_back(holder: Holder, refused: Sequence[Topic] | None, now: datetime.datetime) -> None:
    """Emails that are waiting to be sent about these topics, or (None) about any."""
    mine = Q(contact_id=holder.contact.pk)
    mine &= Q(ignores_topics=False) if refused is None else Q(topic__in=refused)
    with translation.override(settings.LANGUAGE_CODE):  # colleagues read it, not the contact
        outbox.cancel_for(mine, _t("the contact unsubscribed"), now)


def _record(holder: Holder, topic: Topic, state: str, wording: str, now: datetime.datetime) -> None:
    consent.record(
        [holder.contact], topic, state, source=PREFERENCES, now=now, wording=wording, proof=holder.proof
    )
    said = {"topic": topic.slug, "state": str(ConsentEntry.State(state).value), "by": PREFERENCES}
    _tell(holder, catalogue.CONSENT_CHANGED, said, now)


def _tell(holder: Holder, name: str, properties: dict[str, Any], now: datetime.datetime) -> None:
    message = holder.message
    about = (
        {"message": str(message.uuid), "campaign": message.campaign_id, "step": message.step_id}
        if message
        else {}
    )
    accept(
        Incoming(
            source=PREFERENCES,
            name=name,
            occurred_at=now,
            contact_id=holder.contact.pk,
            properties={**properties, **about},
        ),
        now,
    )
