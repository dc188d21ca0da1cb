"""The consent ledger, and the questions asked of it before anything is sent. Statement counts do not grow with rows."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from wagtail_journeys import db

from .models import ConsentEntry, ConsentState, Contact, Suppression, Topic, TopicText, Wording, address_hash
from .topics import text_hash

GRANTED = ConsentEntry.State.GRANTED
REFUSED = ConsentEntry.State.REFUSED

#: What contacts may agree to besides getting emails. Both are off for whoever has not.
OPEN_TRACKING = Topic.Purpose.OPEN_TRACKING
CLICK_TRACKING = Topic.Purpose.CLICK_TRACKING

#: How such a topic is called, what it says, and the words of consent, until somebody words it differently.
WORDS = {
    OPEN_TRACKING: (
        _("Opened emails"),
        _("We see whether and when you open our emails."),
        _("Yes, you may see whether and when I open your emails. I can stop this at any time."),
    ),
    CLICK_TRACKING: (
        _("Followed links"),
        _("We see which links of our emails you follow, and when."),
        _("Yes, you may see which links of your emails I follow. I can stop this at any time."),
    ),
}


def purpose(name: str) -> Topic:
    """The topic under which contacts agree to this purpose; made (opt-in, in the languages of the site) where there is none."""
    found = Topic.objects.filter(purpose=name).first()
    if found is not None:
        return found
    with db.batch(Topic):
        made, created = Topic.objects.get_or_create(
            purpose=name, defaults={"slug": name, **_words(name, settings.LANGUAGE_CODE)}
        )
        if created:
            TopicText.objects.bulk_create(
                TopicText(topic=made, language=code, **_words(name, code))
                for code, _name in settings.LANGUAGES
                if code != settings.LANGUAGE_CODE
            )
    return made


def _words(name: str, language: str) -> dict[str, str]:
    with translation.override(language):
        title, description, wording = (str(words) for words in WORDS[Topic.Purpose(name)])
    return {"name": title, "description": description, "wording": wording}


def record(
    contacts: Iterable[int | Contact],
    topic: Topic,
    state: str,
    source: str,
    now: datetime.datetime,
    wording: str = "",
    proof: dict[str, Any] | None = None,
    actor: Any = None,
) -> int:
    """Write down that contacts (ids or rows) granted or refused a topic. Returns how many; repeating it adds entries.

    The newest entry of a contact and topic decides, also when entries arrive in another order than they were given.
    An entry says by number which version of the topic's words was agreed to, where ``topics`` has kept them.
    """
    ids = _ids(contacts)
    if not ids:
        return 0
    state = ConsentEntry.State(state).value
    hashed = text_hash(wording) if wording else ""
    version = (
        Wording.objects.filter(topic=topic, text_hash=hashed).values_list("number", flat=True).first()
        if hashed
        else None
    )
    with db.batch(ConsentEntry):
        db.insert_rows(
            ConsentEntry,
            [
                "contact",
                "topic",
                "state",
                "source",
                "wording",
                "wording_hash",
                "wording_version",
                "proof",
                "actor",
                "occurred_at",
            ],
            [
                (
                    pk,
                    topic.pk,
                    state,
                    source[:100],
                    wording,
                    hashed,
                    version,
                    proof or {},
                    actor and actor.pk,
                    now,
                )
                for pk in ids
            ],
            returning=(),
        )
        db.insert_rows(
            ConsentState,
            ["contact", "topic", "state", "since"],
            [(pk, topic.pk, state, now) for pk in ids],
            ignore_conflicts=True,
            returning=(),
        )
        ConsentState.objects.filter(contact_id__in=ids, topic=topic, since__lte=now).update(
            state=state, since=now
        )
    return len(ids)


def _ids(contacts: Iterable[int | Contact]) -> list[int]:
    return sorted({contact.pk if isinstance(contact, Contact) else contact for contact in contacts})


def may_receive(contact: str = "contact_id", topic: str | Topic = "topic_id") -> Q:
    """Rows whose contact may get their topic: it asked for an opt-in one, or did not refuse an opt-out one.

    Who has unsubscribed from everything gets only what they asked for by name.
    ``contact`` is the path to the contact's id (``"pk"`` on contacts); ``topic`` is the path to the topic's id or one
    topic for all rows. A row without a topic is not let through: whoever may ignore topics says so beside this.
    """
    gone = Exists(Contact.objects.filter(pk=OuterRef(contact), unsubscribed_at__isnull=False))
    if isinstance(topic, Topic):
        states = ConsentState.objects.filter(contact_id=OuterRef(contact), topic_id=topic.pk)
        granted = Q(Exists(states.filter(state=GRANTED)))
        if topic.mode == Topic.Mode.OPT_OUT:
            return granted | ~Q(Exists(states.filter(state=REFUSED))) & ~Q(gone)
        return granted
    states = ConsentState.objects.filter(contact_id=OuterRef(contact), topic_id=OuterRef(topic))
    opt_out = Topic.objects.filter(pk=OuterRef(topic), mode=Topic.Mode.OPT_OUT)
    return Q(Exists(states.filter(state=GRANTED))) | (
        Q(Exists(opt_out)) & ~Q(Exists(states.filter(state=REFUSED))) & ~Q(gone)
    )


def allows(purpose: str, contact: str = "contact_id") -> Q:
    """Rows whose contact may be treated so: it agreed, or did not refuse where the purpose is opt-out on this site.

    Nobody is on a site that never asked, nor who has unsubscribed from everything, unless they agreed by name.
    ``contact`` is the path to the contact's id.
    """
    gone = Exists(Contact.objects.filter(pk=OuterRef(contact), unsubscribed_at__isnull=False))
    states = ConsentState.objects.filter(contact_id=OuterRef(contact), topic__purpose=purpose)
    opt_out = Topic.objects.filter(purpose=purpose, mode=Topic.Mode.OPT_OUT)
    return Q(Exists(states.filter(state=GRANTED))) | (
        Q(Exists(opt_out)) & ~Q(Exists(states.filter(state=REFUSED))) & ~Q(gone)
    )


def not_suppressed(hashed: str = "address_hash") -> Q:
    """Rows whose address is not suppressed; ``hashed`` is the path to the address's hash. Nothing may ignore this."""
    return ~Q(Exists(Suppression.objects.filter(address_hash=OuterRef(hashed))))


def refused_contacts(contact_ids: Collection[int], topic: Topic | None) -> set[int]:
    """Those of the contacts who may not get the topic. Without a topic: nobody. One statement."""
    ids = set(contact_ids)
    if topic is None or not ids:
        return set()
    if topic.mode == Topic.Mode.OPT_IN:
        states = ConsentState.objects.filter(topic=topic, contact_id__in=ids, state=GRANTED)
        return ids - set(states.values_list("contact_id", flat=True))
    may_not = Contact.objects.filter(~may_receive("pk", topic), pk__in=ids)
    return set(may_not.values_list("pk", flat=True))


def suppressed_contacts(contact_ids: Collection[int]) -> set[int]:
    """Those of the contacts whose address is suppressed. Two statements."""
    hashes = {
        address_hash(email): pk
        for pk, email in Contact.objects.filter(pk__in=set(contact_ids), email__isnull=False).values_list(
            "pk", "email"
        )
        if email
    }
    if not hashes:
        return set()
    found = Suppression.objects.filter(address_hash__in=hashes).values_list("address_hash", flat=True)
    return {hashes[hashed] for hashed in found}
