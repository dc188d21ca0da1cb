from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory
from django.urls import reverse
from wagtail.models import Locale

from tests.emails.making import NOW, make_template, text
from wagtail_journeys.emails.checks import check_email_timeout
from wagtail_journeys.emails.forms import EmailTemplateForm
from wagtail_journeys.emails.models import EmailTemplate, TemplateVersion
from wagtail_journeys.emails.viewsets import EmailTemplateViewSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("editor", "editor@example.com", "secret"))
    return client


def preview(template: EmailTemplate, mode: str) -> Any:
    request = RequestFactory().get("/")
    return template.serve_preview(request, mode)


def test_preview_modes() -> None:
    """The preview shows the real email with a made-up person, in each of its modes."""
    template = make_template(
        text("<p>Dear {{ contact.first_name }} of {{ contact.company }}</p>"),
        subject="For {{ contact.first_name }}",
        preheader="Before all else",
        compiled=False,
    )
    html, plain, inbox = (preview(template, mode).content.decode() for mode in ("html", "text", "inbox"))
    assert "Dear Ann of ‹company›" in html
    assert "Dear Ann of ‹company›" in plain and "<pre>" in plain
    assert "For Ann" in inbox and "Before all else" in inbox and "advice@lindehaag.example" in inbox


@pytest.mark.parametrize("mode", ["html", "text", "inbox"])
@pytest.mark.parametrize(
    "body",
    [
        [text("<p>{{ contact. }}</p>")],
        [text("<p>{% if contact.x %}</p>")],
        [{"type": "button", "value": {"words": "", "link": {"page": None, "document": None, "url": ""}}}],
        [{"type": "image", "value": {"image": None, "alt": "", "link": None}}],
        [{"type": "page", "value": {"page": None, "words": ""}}],
        [{"type": "document", "value": {"document": 999, "words": ""}}],
        [{"type": "heading", "value": {}}],
        [{"type": "space", "value": None}],
    ],
)
def test_preview_of_unfinished_work(body: list[dict[str, Any]], mode: str) -> None:
    """Whatever is missing, the preview answers with words or with what there is, and guards itself."""
    response = preview(make_template(*body, compiled=False), mode)
    assert response.status_code == 200
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_preview_says_the_problem() -> None:
    """A mistake in a merge tag is said in the preview."""
    shown = preview(make_template(text("<p>{{ nobody.x }}</p>"), compiled=False), "html").content.decode()
    assert "There is no “nobody”" in shown


def form(template: EmailTemplate, **data: Any) -> EmailTemplateForm:
    handler = EmailTemplateViewSet().get_edit_handler()
    body = data.pop("body", "<p>Good morning</p>")
    fields = {
        "name": "A",
        "subject": "Hi",
        "missing": "fail",
        "body-count": "1",
        "body-0-type": "text",
        "body-0-deleted": "",
        "body-0-order": "0",
        "body-0-id": str(uuid.uuid4()),
        "body-0-value": json.dumps(
            {
                "blocks": [
                    {
                        "key": "a",
                        "text": body,
                        "type": "unstyled",
                        "depth": 0,
                        "inlineStyleRanges": [],
                        "entityRanges": [],
                    }
                ],
                "entityMap": {},
            }
        ),
        **data,
    }
    made: EmailTemplateForm = handler.get_form_class()(fields, instance=template)
    return made


def test_form_accepts() -> None:
    """A finished email is accepted."""
    assert form(make_template(compiled=False), body="Dear {{ contact.first_name }}").errors == {}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("subject", "Hi {{ contact.first_name"),
        ("subject", "Hi {{ nobody.x }}"),
        ("preheader", "{% if %}"),
        ("body", "{{ contact. }}"),
        ("body", "{% if contact.x %}"),
        ("body", "{{ nobody.x }}"),
    ],
)
def test_form_says_it_at_the_field(field: str, words: str) -> None:
    """A merge tag that cannot be read is an error at the field that it stands in."""
    assert list(form(make_template(compiled=False), **{field: words}).errors) == [field]


def test_form_wants_something_to_send() -> None:
    """An email without a single block is not published."""
    empty = form(make_template(compiled=False), **{"body-count": "0"})
    assert empty.errors == {"body": ["The email is empty: add at least one block."]}


def test_translation_is_a_draft() -> None:
    """A translation just begun is not live, so that contacts get the original until it is published."""
    original = make_template(text("<p>Hello</p>"))
    assert original.live
    begun = original.copy_for_translation(Locale.objects.create(language_code="nl"))
    begun.save()
    assert not begun.live
    assert begun.translation_key == original.translation_key
    begun.save_revision().publish()
    assert EmailTemplate.objects.get(pk=begun.pk).live


def test_draft_may_be_unfinished() -> None:
    """A draft is saved although its email does not make sense as a whole yet."""
    unfinished = form(make_template(compiled=False), body="{% if contact.x %}")
    unfinished.defer_required_fields()
    assert unfinished.errors == {}


def test_listing(editor: Client) -> None:
    """The listing shows templates with subject, language and state."""
    make_template(name="Welcome aboard", subject="Nice to meet you")
    viewset = EmailTemplate.snippet_viewset
    response = editor.get(reverse(viewset.get_url_name("list")))
    shown = response.content.decode()
    assert response.status_code == 200
    assert "Welcome aboard" in shown and "Nice to meet you" in shown


def test_create_and_edit_pages(editor: Client) -> None:
    """An editor can open the forms."""
    viewset = EmailTemplate.snippet_viewset
    template = make_template()
    assert editor.get(reverse(viewset.get_url_name("add"))).status_code == 200
    response = editor.get(reverse(viewset.get_url_name("edit"), args=[template.pk]))
    assert response.status_code == 200
    assert "preview_mode=text" in response.content.decode() or "Plain text" in response.content.decode()


def test_published_by_scheduler(caplog: pytest.LogCaptureFixture) -> None:
    """A revision that is published later compiles then, as it was saved."""
    template = make_template(text("<p>Later</p>"), compiled=False, live=False)
    revision = template.save_revision()
    assert not TemplateVersion.objects.exists()
    revision.publish()
    assert "Later" in TemplateVersion.objects.get().html
    assert TemplateVersion.objects.get().created_at >= NOW.replace(year=2020)


def test_timeout_check(settings) -> None:
    """A site that would wait for its mail server for ever is told so."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for timeout, ids in [
        (None, ["wagtail_journeys.E101"]),
        (300, ["wagtail_journeys.E102"]),
        (60, ["wagtail_journeys.W101"]),
        (20, []),
    ]:
        settings.EMAIL_TIMEOUT = timeout
        assert [message.id for message in check_email_timeout()] == ids
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = "django.core.mail.backends.locmem.EmailBackend", None
    assert check_email_timeout() == []
