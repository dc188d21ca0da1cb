from __future__ import annotations

import datetime
import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.forms.models import apply_limit_choices_to_to_formfield
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, grant, make_contact, make_template, make_topic, queue
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Suppression, Topic
from wagtail_journeys.emails.models import Message

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


def state_of(contact: Contact, topic: Topic) -> str:
    return ConsentState.objects.get(contact=contact, topic=topic).state


def test_ledger_and_projection() -> None:
    """Every change is kept with its wording and proof; the newest one is the state."""
    ann, topic = make_contact(), make_topic()
    consent.record([ann], topic, consent.GRANTED, "form", NOW, wording="Yes, please", proof={"page": 3})
    consent.record([ann.pk], topic, consent.REFUSED, "link", NOW + MINUTE)
    entries = list(ConsentEntry.objects.order_by("occurred_at"))
    assert [(entry.state, entry.source) for entry in entries] == [("granted", "form"), ("refused", "link")]
    assert (entries[0].wording, entries[0].proof) == ("Yes, please", {"page": 3})
    assert state_of(ann, topic) == "refused"


def test_late_entry() -> None:
    """An older decision that arrives late is kept, and does not overrule the newer one."""
    ann, topic = make_contact(), make_topic()
    consent.record([ann], topic, consent.REFUSED, "link", NOW + MINUTE)
    consent.record([ann], topic, consent.GRANTED, "import", NOW)
    assert state_of(ann, topic) == "refused"
    assert ConsentEntry.objects.count() == 2


def test_same_contact_twice() -> None:
    """A contact named twice in one call has one entry."""
    ann, topic = make_contact(), make_topic()
    assert consent.record([ann, ann.pk, ann], topic, consent.GRANTED, "form", NOW) == 1
    assert ConsentEntry.objects.count() == 1


def test_unknown_state() -> None:
    """Nothing but granted and refused can be recorded."""
    with pytest.raises(ValueError, match="maybe"):
        consent.record([make_contact()], make_topic(), "maybe", "form", NOW)


def test_record_statements() -> None:
    """Recording costs the same for two contacts and for two hundred."""
    topic, counts = make_topic(), []
    for number in (2, 200):
        contacts = [make_contact() for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            consent.record(contacts, topic, consent.GRANTED, "form", NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize(
    ("mode", "decided", "receives"),
    [
        (Topic.Mode.OPT_IN, None, False),
        (Topic.Mode.OPT_IN, consent.GRANTED, True),
        (Topic.Mode.OPT_IN, consent.REFUSED, False),
        (Topic.Mode.OPT_OUT, None, True),
        (Topic.Mode.OPT_OUT, consent.GRANTED, True),
        (Topic.Mode.OPT_OUT, consent.REFUSED, False),
    ],
)
def test_one_meaning(mode: str, decided: str | None, receives: bool) -> None:
    """Contacts, messages and the entry check agree about who may receive a topic; other topics do not matter."""
    topic, other, ann = make_topic(mode), make_topic(Topic.Mode.OPT_IN), make_contact()
    if decided:
        consent.record([ann], topic, decided, "test", NOW)
    consent.record([ann], other, consent.REFUSED if receives else consent.GRANTED, "test", NOW)
    queue(make_template(), ann, topic=topic)
    assert Contact.objects.filter(consent.may_receive("pk", topic), pk=ann.pk).exists() is receives
    assert Message.objects.filter(consent.may_receive(), contact=ann).exists() is receives
    assert Message.objects.filter(consent.may_receive(topic=topic), contact=ann).exists() is receives
    assert (ann.pk not in consent.refused_contacts([ann.pk], topic)) is receives


def test_no_topic_refuses_nobody() -> None:
    """A campaign without a topic is refused to nobody for want of consent."""
    assert consent.refused_contacts([make_contact().pk], None) == set()


def test_suppressed() -> None:
    """A suppressed address is found in any spelling; contacts without an address are not suppressed."""
    ann, bob, nobody = make_contact(email="ann@example.com"), make_contact(), make_contact(email=None)
    assert suppression.suppress(" ANN@example.com", Suppression.Reason.MANUAL, "asked by phone", NOW)
    assert consent.suppressed_contacts([ann.pk, bob.pk, nobody.pk]) == {ann.pk}
    assert consent.suppressed_contacts([]) == set()
    messages = queue(make_template(), ann, bob)
    allowed = Message.objects.filter(consent.not_suppressed())
    assert list(allowed) == [messages[1]]


def test_first_reason_stays() -> None:
    """Suppressing twice keeps the first reason."""
    assert suppression.suppress("a@example.com", Suppression.Reason.COMPLAINT, "", NOW)
    assert not suppression.suppress("A@example.com", Suppression.Reason.MANUAL, "", NOW)
    assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT


def test_entry_check_statements() -> None:
    """The entry check costs the same for two contacts and for two hundred."""
    topic, counts = make_topic(Topic.Mode.OPT_IN), []
    for number in (2, 200):
        contacts = [make_contact() for _ in range(number)]
        grant(topic, contacts[0])
        suppression.suppress(contacts[1].email, Suppression.Reason.MANUAL, "", NOW)
        ids = [contact.pk for contact in contacts]
        with CaptureQueriesContext(connection) as captured:
            assert consent.refused_contacts(ids, topic) == set(ids[1:])
            assert consent.suppressed_contacts(ids) == {ids[1]}
        counts.append(len(captured))
    assert counts == [3, 3]


@pytest.mark.parametrize(
    ("mode", "said", "allowed"),
    [
        (None, None, False),
        ("opt_in", None, False),
        ("opt_in", "granted", True),
        ("opt_in", "refused", False),
        ("opt_out", None, True),
        ("opt_out", "granted", True),
        ("opt_out", "refused", False),
    ],
)
def test_purposes(mode: str | None, said: str | None, allowed: bool) -> None:
    """What contacts agree to besides emails is off until they have, or where the site needs no yes, until they say no."""
    ann = make_contact()
    if mode:
        topic = consent.purpose(consent.CLICK_TRACKING)
        assert consent.purpose(consent.CLICK_TRACKING) == topic
        assert topic.mode == Topic.Mode.OPT_IN
        Topic.objects.filter(pk=topic.pk).update(mode=mode)
    if said:
        consent.record([ann], topic, said, "test", NOW)
    for purpose, expected in ((consent.CLICK_TRACKING, allowed), (consent.OPEN_TRACKING, False)):
        found = Contact.objects.filter(consent.allows(purpose, "pk"))
        assert list(found) == ([ann] if expected else [])
    Contact.objects.update(unsubscribed_at=NOW)
    assert found.count() == 0
    found = Contact.objects.filter(consent.allows(consent.CLICK_TRACKING, "pk"))
    assert found.exists() is (said == "granted")


def test_purposes_are_nothing_to_send() -> None:
    """A campaign is not about a purpose; the setup command makes both for a site that wants to ask."""
    call_command("journeys_setup", "--email-tracking", stdout=io.StringIO())
    assert set(Topic.objects.values_list("purpose", flat=True)) == {
        "email_open_tracking",
        "email_click_tracking",
    }
    field = Campaign._meta.get_field("topic").formfield()
    apply_limit_choices_to_to_formfield(field)
    assert not field.queryset.exists()
