from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from wagtail.contrib.forms.models import FormSubmission
from wagtail.models import Page, Site

from tests.hostapp.models import MemberSubmission, PlainSubmission, ScoredSubmission
from wagtail_journeys.events import log as event_log
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.tracking import forms, keeping, receivers, submissions

pytestmark = pytest.mark.django_db

ANSWERS = {"email": " Eva@Example.org ", "first_name": "Eva", "company": "Linde", "question": "When?"}


def test_submission(form_page, visitor, visitor_id, inbox):
    """A submitted form says whose it is, what it tells about them, and keeps its fields as properties."""
    assert visitor.post(form_page.url, ANSWERS).status_code == 200
    (event,) = inbox()
    assert event.pop("message_id") and event.pop("occurred_at")
    assert event == {
        "source": "site",
        "name": "form_submit",
        "anonymous_id": visitor_id,
        "claims": {"email": "eva@example.org"},
        "traits": {"locale": "en", "first_name": "Eva", "company": "Linde"},
        "properties": {
            "form_title": "Newsletter",
            "locale": "en",
            "email": "Eva@Example.org",
            "first_name": "Eva",
            "company": "Linde",
            "question": "When?",
        },
        "page_id": form_page.pk,
        "site_id": Site.objects.get().pk,
        "url": f"http://testserver{form_page.url}",
    }


def test_language_of_the_form(dutch_form_page, visitor, inbox):
    """A form in Dutch makes its sender somebody who reads Dutch."""
    assert visitor.post(dutch_form_page.url, ANSWERS).status_code == 200
    (event,) = inbox()
    assert event["properties"]["locale"] == event["traits"]["locale"] == "nl"


def test_invalid_form(form_page, visitor):
    """A form that is refused is no event."""
    visitor.post(form_page.url, ANSWERS | {"email": "nobody"})
    assert not InboxItem.objects.exists()


def test_looking_at_a_form(form_page, visitor):
    """Looking at a form writes nothing and starts no session; the one cookie is the form's own."""
    response = visitor.get(form_page.url)
    assert response.status_code == 200
    assert set(response.cookies) == {"csrftoken"}
    assert not InboxItem.objects.exists()


def test_visitor_is_forgotten(form_page, visitor, inbox):
    """What is submitted outside of a request, in the same thread, belongs to no visitor."""
    visitor.post(form_page.url, ANSWERS)
    FormSubmission.objects.create(page=form_page, form_data=ANSWERS)
    assert ["anonymous_id" in event for event in inbox()] == [True, False]
    assert forms.current() == forms.Origin()


def test_visitor_is_forgotten_after_an_error(visitor_id, form_page):
    """The note about the visitor goes also when serving the page fails."""
    request = RequestFactory().post("/en/newsletter/")
    request.COOKIES["journeys_visitor"] = visitor_id

    def fails(page, request, args, kwargs):
        assert forms.current().anonymous_id == visitor_id
        raise RuntimeError("a bug of the site")

    with pytest.raises(RuntimeError):
        forms.note_visitor(fails)(form_page, request, [], {})
    assert forms.current() == forms.Origin()


def test_mixin(visitor_id, db):
    """A page served past Wagtail's view notes its visitor with the mixin."""

    class Served:
        def serve(self, request):
            return HttpResponse(forms.current().anonymous_id)

    class WithMixin(forms.JourneysFormMixin, Served):
        pass

    request = RequestFactory().post("/")
    request.COOKIES["journeys_visitor"] = visitor_id
    assert WithMixin().serve(request).content.decode() == visitor_id
    assert forms.current() == forms.Origin()


def test_changed_and_loaded_submissions(form_page):
    """Only a new submission is an event: not one that is changed, or loaded from a fixture."""
    submission = FormSubmission.objects.create(page=form_page, form_data=ANSWERS)
    InboxItem.objects.all().delete()
    submission.save()
    receivers.form_submitted(FormSubmission, submission, created=True, raw=True)
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda fields, user: MemberSubmission.objects.create(user=user, **fields),
        lambda fields, user: ScoredSubmission.objects.create(score=3, **fields),
        lambda fields, user: PlainSubmission.objects.create(**fields),
    ],
    ids=["base of the site's own", "table beside Wagtail's", "proxy"],
)
def test_submissions_of_the_sites_own(make, form_page, admin_user, inbox):
    """A model of submissions that a site has made itself is a form submission, once."""
    make({"page": form_page, "form_data": ANSWERS}, admin_user)
    (event,) = inbox()
    assert event["claims"] == {"email": "eva@example.org"}
    assert event["page_id"] == form_page.pk


def test_other_models_are_ignored(db):
    """Saving anything else is no form submission."""
    Page.objects.get(depth=2).save()
    assert not InboxItem.objects.exists()


def test_page_without_form_fields(db, inbox):
    """A site's own form on a plain page is an event too; without a field list nobody is claimed."""
    home = Page.objects.get(depth=2)
    FormSubmission.objects.create(page=home, form_data={"email": "eva@example.org"})
    (event,) = inbox()
    assert event["page_id"] == home.pk
    assert not {"claims", "traits"} & set(event)


def test_event_cannot_be_kept(form_page, visitor, monkeypatch):
    """A form is saved also where the event cannot be kept, inside a transaction too."""

    def away(*args: object) -> None:
        with transaction.atomic():
            InboxItem.objects.create(partition=0, received_at=None, payload={})
        raise OperationalError

    monkeypatch.setattr(keeping, "accept", away)
    assert visitor.post(form_page.url, ANSWERS).status_code == 200
    assert FormSubmission.objects.count() == 1


@pytest.mark.parametrize(
    "answers",
    [
        {"first_name": "x" * 255},
        {"first_name": "\ud83d half".encode("utf-8", "replace").decode()},
        {"first_name": "<script>alert(1)</script>", "question": "{{ contact.email }} {% include 'x' %}"},
        {"question": "y" * 200_000},
        {"company": "\u202e\u200b" * 100},
        {"email": "a" * 60 + "@" + "b" * 60 + ".example"},
        {"unknown_field": "z"},
    ],
    ids=range(7),
)
def test_hostile_answers(answers, form_page, inbox):
    """Whatever is typed into a form, the visitor gets the thank-you page and the event can be read."""
    assert Client().post(form_page.url, ANSWERS | answers).status_code == 200
    (item,) = InboxItem.objects.all()
    assert len(json.dumps(event_log.read(item).properties)) < 60_000


def test_reading_a_submission():
    """The first address counts; files, free text and what a form may not set are no traits."""
    fields = [
        ("note", "multiline"),
        ("second", "email"),
        ("mail", "email"),
        ("firstname", "singleline"),
        ("points", "number"),
        ("language", "dropdown"),
        ("interests", "checkboxes"),
        ("campaign", "hidden"),
        ("empty", "singleline"),
    ]
    data = {
        "note": "Hello",
        "second": "not an address",
        "mail": "Eva@Example.org",
        "firstname": "Eva\nSmit",
        "points": 1000,
        "language": "NL",
        "interests": ["heat", "sun"],
        "campaign": "spring",
        "empty": "",
        "cv": SimpleUploadedFile("cv.pdf", b"x"),
        "photos": [SimpleUploadedFile("a.png", b"x")],
        "locale": "forged",
    }
    found = submissions.read(data, fields, title="Form", locale="en")
    assert found.email == "eva@example.org"
    assert found.traits == {"locale": "nl", "first_name": "Eva Smit", "interests": ["heat", "sun"]}
    assert set(found.properties) == set(data) - {"cv", "photos"} | {"form_title"}
    assert found.properties["locale"] == "en"


@pytest.mark.parametrize("data", [None, "text", [1], 5])
def test_reading_something_else(data):
    """Data that is no mapping has no fields."""
    assert submissions.read(data, [("email", "email")], title="", locale="en").email == ""
