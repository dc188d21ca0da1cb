from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.documents import get_document_model
from wagtail.models import Locale, Page, Site

from tests.emails.making import NOW, make_contact, make_template, make_topic, queue, text
from wagtail_journeys.emails import rendering
from wagtail_journeys.emails.models import EmailTemplate, Message, TemplateVersion
from wagtail_journeys.events.models import Event
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


def translated(template: EmailTemplate, language: str, **fields) -> EmailTemplate:
    """The template in another language."""
    return make_template(
        text(f"<p>{language}</p>"), language=language, translation_key=template.translation_key, **fields
    )


def chosen(template: EmailTemplate, locale: str) -> EmailTemplate | None:
    (message,) = queue(template, make_contact(locale=locale))
    version = rendering.choose_versions([message])[message.pk]
    return version.template if version else None


# Versions -------------------------------------------------------------------------------------------------------------


def test_publishing_compiles_once() -> None:
    """Publishing makes a version; publishing the same revision again, or the signal coming twice, makes no second one."""
    template = make_template(text("<p>One</p>"), compiled=False)
    revision = template.save_revision()
    revision.publish()
    version = TemplateVersion.objects.get(template=template)
    assert (version.number, version.revision) == (1, revision)
    assert "One" in version.html
    template.refresh_from_db()
    assert rendering.compile_template(template, NOW, revision) == version
    assert TemplateVersion.objects.count() == 1


def test_draft_compiles_nothing() -> None:
    """Saving a draft leaves what is sent as it was."""
    template = make_template(text("<p>One</p>"), compiled=False)
    template.save_revision().publish()
    template.subject = "Another"
    template.save_revision()
    assert TemplateVersion.objects.count() == 1
    template.save_revision().publish()
    assert list(TemplateVersion.objects.order_by("number").values_list("number", "subject")) == [
        (1, "Hello"),
        (2, "Another"),
    ]


def test_broken_template_keeps_the_version_before(caplog: pytest.LogCaptureFixture) -> None:
    """What is published from code and cannot be compiled is logged; the last good version is still sent."""
    template = make_template(text("<p>One</p>"), compiled=False)
    template.save_revision().publish()
    template.body = with_ids([text("<p>{% if contact.x %}</p>")])
    template.save_revision().publish()
    assert TemplateVersion.objects.count() == 1
    assert "cannot be compiled" in caplog.text


def test_same_content_is_the_same_version() -> None:
    """Without revisions, compiling what has not changed makes no new version."""
    template = make_template()
    assert rendering.compile_template(template, NOW).number == 1
    template.subject = "New"
    assert rendering.compile_template(template, NOW).number == 2


def test_sender() -> None:
    """A template may name its sender, or only half of it."""
    template = make_template(from_name="Ann, of Lindehaag")
    assert template.versions.get().from_email == '"Ann, of Lindehaag" <advice@lindehaag.example>'
    assert make_template().versions.get().from_email == ""


# Languages ------------------------------------------------------------------------------------------------------------


def test_language_of_the_contact(settings) -> None:
    """The contact's own locale, its base language, the site's fallbacks, the step's template: in that order."""
    english = make_template(language="en")
    dutch, belgian = translated(english, "nl"), translated(english, "nl-be")
    german = translated(english, "de")
    assert chosen(english, "nl-be") == belgian
    assert chosen(english, "nl-BE") == belgian
    assert chosen(english, "nl_NL") == dutch
    assert chosen(english, "nl") == dutch
    assert chosen(english, "fr") == english
    assert chosen(english, "") == english
    assert chosen(german, "fr") == german
    settings.JOURNEYS_FALLBACK_LOCALES = ["de", "en"]
    assert chosen(english, "fr") == german


def test_only_live_translations() -> None:
    """A translation that is not live, or was never compiled, is not sent; the next language is."""
    english = make_template(language="en")
    translated(english, "nl", live=False)
    translated(english, "de", compiled=False)
    assert chosen(english, "nl") == english
    assert chosen(english, "de") == english
    EmailTemplate.objects.update(live=False)
    assert chosen(english, "en") is None


def test_step_template_not_live() -> None:
    """When the template that the step names is not live, another language of it is better than none."""
    english = make_template(language="en", live=False)
    dutch = translated(english, "nl")
    assert chosen(english, "fr") == dutch


def test_newest_version() -> None:
    """A message waiting in the queue is rendered from the version that is newest when its turn comes."""
    template = make_template()
    template.subject = "Newer"
    newest = rendering.compile_template(template, NOW)
    (message,) = queue(template, make_contact())
    assert rendering.choose_versions([message])[message.pk] == newest


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def event() -> Event:
    page = Site.objects.get().root_page.add_child(instance=Page(title="Guides", slug="guides-x"))
    document = get_document_model().objects.create(title="Heat pumps", file=ContentFile(b"x", name="x.pdf"))
    return Event.objects.create(
        source="test",
        message_id="1",
        name="document_download",
        occurred_at=NOW,
        received_at=NOW,
        properties={"name": "typed", "plan": "pro", "page_title": "old title"},
        page_id=page.pk,
        document_id=document.pk,
        url="https://site.example/x",
    )


def test_values(event: Event, settings) -> None:
    """Merge tags see the contact, its attributes, the event that began the journey, and the site."""
    settings.JOURNEYS_BASE_URL = "https://site.example"
    ann = make_contact(
        first_name="Ann", last_name="Jansen", attributes={"city": "Delft", "email": "attribute"}, points=3
    )
    (message,) = queue(make_template(), ann, topic=make_topic(), entry_event=event.pk)
    context = rendering.build_contexts([message])[message.pk]
    contact = context["contact"]
    assert (contact["name"], contact["city"], contact["points"]) == ("Ann Jansen", "Delft", 3)
    assert contact["email"] == ann.email
    assert contact["attributes"]["email"] == "attribute"
    about = context["event"]
    assert (about["name"], about["properties"]["name"]) == ("document_download", "typed")
    assert (about["plan"], about["page_title"], about["document_title"]) == ("pro", "Guides", "Heat pumps")
    assert about["url"] == "https://site.example/x"
    assert context["site"] == {"name": "Lindehaag", "root_url": "https://site.example"}
    assert context["unsubscribe_url"].startswith("https://site.example/")
    Page.objects.get(pk=event.page_id).delete()
    assert rendering.build_contexts([message])[message.pk]["event"]["page_title"] == "old title"


def test_links_lead_to_the_site_of_the_event(event: Event) -> None:
    """On a server of several sites, an email belongs to the one on which its event happened."""
    root = Site.objects.get().root_page
    other = Site.objects.create(hostname="other.example", port=443, site_name="Other", root_page=root)
    Event.objects.update(site_id=other.pk)
    (message,) = queue(make_template(), make_contact(), topic=make_topic(), entry_event=event.pk)
    context = rendering.build_contexts([message])[message.pk]
    assert context["site"] == {"name": "Other", "root_url": "https://other.example"}
    assert context["unsubscribe_url"].startswith("https://other.example/")


def test_erased_meanwhile() -> None:
    """A contact that is gone leaves its message without values, and the others with theirs."""
    messages = queue(make_template(), make_contact(), make_contact())
    messages[0].contact.delete()
    assert list(rendering.build_contexts(messages)) == [messages[1].pk]


def test_statements() -> None:
    """Choosing languages and collecting values costs the same for two messages and for two hundred."""
    english = make_template(language="en")
    for language in ("nl", "de", "fr"):
        translated(english, language)
    counts = []
    for number in (2, 200):
        contacts = [make_contact(locale=["nl", "de", "en"][place % 3]) for place in range(number)]
        messages = []
        for place, contact in enumerate(contacts):
            event = Event.objects.create(
                source="test",
                message_id=f"{number}-{place}",
                name="x",
                occurred_at=NOW,
                received_at=NOW,
                page_id=1,
            )
            messages += queue(english, contact, entry_event=event.pk)
        with CaptureQueriesContext(connection) as captured:
            assert len(rendering.choose_versions(messages)) == number
            assert len(rendering.build_contexts(messages)) == number
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 10


def test_deleted_template() -> None:
    """A message whose template is gone has no version."""
    template = make_template()
    (message,) = queue(template, make_contact())
    template.delete()
    message = Message.objects.get()
    assert rendering.choose_versions([message]) == {message.pk: None}
    assert Locale.objects.exists()
