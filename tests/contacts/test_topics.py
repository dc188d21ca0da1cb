from __future__ import annotations

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.emails.making import NOW, make_contact, make_topic
from wagtail_journeys.contacts import consent, topics
from wagtail_journeys.contacts.models import ConsentEntry, Contact, Topic, TopicText, Wording

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "x"))
    return client


FORM = {
    "name": "Newsletter",
    "slug": "newsletter",
    "description": "Once a month",
    "wording": "Yes, send me the newsletter",
    "mode": "opt_in",
    "double_opt_in": "on",
    "is_public": "on",
    "texts-TOTAL_FORMS": "1",
    "texts-INITIAL_FORMS": "0",
    "texts-MIN_NUM_FORMS": "0",
    "texts-MAX_NUM_FORMS": "1000",
    "texts-0-language": "nl",
    "texts-0-name": "Nieuwsbrief",
    "texts-0-description": "Elke maand",
    "texts-0-wording": "Ja, stuur mij de nieuwsbrief",
}


def test_words_and_their_versions(admin: Client) -> None:
    """An editor writes a topic in two languages; every version of the words stays, and a consent says which it was."""
    answer = admin.post("/admin/snippets/wagtail_journeys/topic/add/", FORM)
    assert answer.status_code == 302, answer.context["form"].errors
    topic = Topic.objects.get()
    [dutch] = topics.worded([topic], "nl-BE")
    [english] = topics.worded([topic], "en")
    assert (dutch.name, dutch.wording) == ("Nieuwsbrief", "Ja, stuur mij de nieuwsbrief")
    assert (english.name, english.wording) == ("Newsletter", "Yes, send me the newsletter")
    again = {
        **FORM,
        "wording": "Yes, one letter a month",
        "texts-INITIAL_FORMS": "1",
        "texts-0-id": str(TopicText.objects.get().pk),
    }
    admin.post(f"/admin/snippets/wagtail_journeys/topic/edit/{topic.pk}/", again)
    kept = list(Wording.objects.order_by("number").values_list("number", "language", "text"))
    assert kept == [
        (1, "en", "Yes, send me the newsletter"),
        (2, "nl", "Ja, stuur mij de nieuwsbrief"),
        (3, "en", "Yes, one letter a month"),
    ]
    ann = make_contact()
    consent.record([ann], topic, consent.GRANTED, "form", NOW, wording="Ja, stuur mij de nieuwsbrief")
    entry = ConsentEntry.objects.get()
    assert entry.wording_version == 2
    assert entry.wording_hash == dutch.wording_hash


def test_unsubscribed_from_everything() -> None:
    """Opt-out topics, later ones included, no longer reach such a contact; what it asks for by name does."""
    ann, bob = make_contact(), make_contact()
    Contact.objects.filter(pk=ann.pk).update(unsubscribed_at=NOW)
    old, wanted = make_topic(), make_topic()
    consent.record([ann], wanted, consent.GRANTED, "form", NOW + datetime.timedelta(hours=1))
    assert consent.refused_contacts([ann.pk, bob.pk], old) == {ann.pk}
    assert consent.refused_contacts([ann.pk, bob.pk], wanted) == set()
    asked = Contact.objects.filter(consent.may_receive("pk", old))
    assert set(asked) == {bob}
