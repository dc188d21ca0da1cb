from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from wagtail.documents import get_document_model
from wagtail.models import Locale, Page

from example_site.website.models import FormPage, FormPageField
from wagtail_journeys.conf import conf
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.tracking import sites


@pytest.fixture(autouse=True)
def no_remembered_sites() -> Iterator[None]:
    sites.forget()
    yield
    sites.forget()


@pytest.fixture
def visitor_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def visitor(visitor_id: str) -> Client:
    """A browser in which the tracker has set its cookie."""
    client = Client()
    client.cookies[conf.VISITOR_COOKIE] = visitor_id
    return client


@pytest.fixture
def inbox(db: None) -> Callable[[], list[dict]]:
    """The accepted events, oldest first."""

    def payloads() -> list[dict]:
        return [item.payload for item in InboxItem.objects.filter(dead_at=None).order_by("id")]

    return payloads


@pytest.fixture
def dead_letters(db: None) -> Callable[[], list[InboxItem]]:
    def items() -> list[InboxItem]:
        return list(InboxItem.objects.filter(dead_at__isnull=False).order_by("id"))

    return items


@pytest.fixture
def document(db: None):
    made = get_document_model()(title="Guide to heat pumps")
    made.file.save("heat-pumps.pdf", ContentFile(b"%PDF-1.4 a guide"), save=True)
    yield made
    made.file.delete(save=False)


def make_form_page(home: Page, locale: Locale, title: str) -> FormPage:
    page = FormPage(
        title=title, slug="newsletter", locale=locale, button_text="Send", thank_you_heading="Thanks"
    )
    home.add_child(instance=page)
    fields = [
        ("email", "Email address", "email", True),
        ("first_name", "First name", "singleline", False),
        ("company", "Company", "singleline", False),
        ("question", "Question", "multiline", False),
    ]
    for order, (name, label, kind, required) in enumerate(fields):
        FormPageField.objects.create(
            page=page, sort_order=order, clean_name=name, label=label, field_type=kind, required=required
        )
    return page


@pytest.fixture
def form_page(db: None) -> FormPage:
    return make_form_page(Page.objects.get(depth=2), Locale.objects.get(language_code="en"), "Newsletter")


@pytest.fixture
def dutch_form_page(db: None) -> FormPage:
    dutch = Locale.objects.get_or_create(language_code="nl")[0]
    home = Page.objects.get(depth=2).copy_for_translation(dutch)
    home.save_revision().publish()
    return make_form_page(home, dutch, "Nieuwsbrief")
