from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from wagtail.actions import action_registry
from wagtail.documents import get_document_model
from wagtail.models import Locale, Page, Site

from wagtail_journeys.campaigns import content_usage, usage
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.versions import compile_version
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


@pytest.fixture
def template(db: None) -> EmailTemplate:
    locale, _made = Locale.objects.get_or_create(language_code="en")
    return EmailTemplate.objects.create(name="Welcome", subject="Hi", locale=locale)


def in_segment(segment: Segment) -> dict[str, Any]:
    return {"type": "in_segment", "value": {"mode": "in", "segment": segment.pk}}


def send(template: EmailTemplate, *conditions: dict[str, Any]) -> dict[str, Any]:
    value = {
        "template": template.pk,
        "match": "all",
        "conditions": list(conditions),
        "otherwise": "skip",
        "defaults": [],
    }
    return {"type": "send_email", "value": value}


def campaign_of(
    name: str, *steps: dict[str, Any], trigger: dict[str, Any] | None = None, live: bool = True, **fields: Any
) -> Campaign:
    campaign = Campaign.objects.create(
        name=name,
        trigger=with_ids([trigger] if trigger else []),
        steps=with_ids(list(steps)),
        live=live,
        **fields,
    )
    compile_version(campaign, NOW)
    return campaign


def delete(editor: Client, thing: Any) -> str:
    address = reverse(type(thing).snippet_viewset.get_url_name("delete"), args=[thing.pk])
    return " ".join(editor.post(address, follow=True).content.decode().split())


def names(found: dict[int, list[Campaign]]) -> dict[int, list[str]]:
    return {pk: [campaign.name for campaign in campaigns] for pk, campaigns in found.items()}


def test_a_segment_is_found_wherever_a_campaign_names_it(template: EmailTemplate) -> None:
    """Trigger, contact filters, branches and an email's own conditions all count, nested ones too."""
    segments = [Segment.objects.create(name=f"S{number}") for number in range(5)]
    campaign_of("trigger", trigger={"type": "segment_entered", "value": {"segment": segments[0].pk}})
    campaign_of("filters", filters=with_ids([in_segment(segments[1])]))
    group = {"type": "group", "value": {"match": "any", "rules": [in_segment(segments[2])]}}
    nested = {
        "type": "branch",
        "value": {
            "match": "all",
            "conditions": [group],
            "yes": [send(template, in_segment(segments[3]))],
            "no": [],
        },
    }
    campaign_of("steps", nested)
    found = usage.in_use("segment", [segment.pk for segment in segments])
    assert names(found) == {
        segments[0].pk: ["trigger"],
        segments[1].pk: ["filters"],
        segments[2].pk: ["steps"],
        segments[3].pk: ["steps"],
        segments[4].pk: [],
    }


def test_only_the_newest_version_of_a_live_campaign_counts(template: EmailTemplate) -> None:
    """What an older version or a draft used can go."""
    changed = campaign_of("changed", send(template))
    changed.steps = with_ids([{"type": "exit", "value": {"reason": ""}}])
    changed.save()
    compile_version(changed, NOW)
    campaign_of("draft", send(template), live=False)
    assert names(usage.in_use("template", [template.pk])) == {template.pk: []}
    campaign_of("live", send(template))
    assert names(usage.in_use("template", [template.pk])) == {template.pk: ["live"]}


def test_asking_costs_one_statement(template: EmailTemplate, django_assert_num_queries: Any) -> None:
    """However many campaigns there are."""
    for number in range(5):
        campaign_of(f"c{number}", send(template))
    with django_assert_num_queries(1):
        assert len(usage.in_use("template", [template.pk])[template.pk]) == 5


def test_what_a_live_campaign_uses_is_not_deleted(editor: Client, template: EmailTemplate) -> None:
    """Segment, template and topic stay, and the message names the campaign."""
    segment = Segment.objects.create(name="Dutch")
    topic = Topic.objects.create(name="News", slug="news")
    campaign_of("Welcome series", send(template, in_segment(segment)), topic=topic)
    for thing, name in ((segment, "Dutch"), (template, "Welcome"), (topic, "News")):
        page = delete(editor, thing)
        assert f"“{name}” cannot be deleted: it is used by the live campaign “Welcome series”." in page
        assert type(thing).objects.filter(pk=thing.pk).exists()


def test_what_no_campaign_uses_is_deleted(editor: Client, template: EmailTemplate) -> None:
    """Nothing stands in the way of deleting what is not used."""
    things = [Segment.objects.create(name="Dutch"), Topic.objects.create(name="News", slug="news"), template]
    for thing in things:
        delete(editor, thing)
        assert not type(thing).objects.filter(pk=thing.pk).exists()


def test_bulk_deletion_is_refused_too(editor: Client, template: EmailTemplate) -> None:
    """Ticking boxes in the listing is no way around."""
    campaign_of("Welcome series", send(template))
    address = reverse("wagtail_bulk_action", args=["wagtail_journeys", "emailtemplate", "delete"])
    editor.post(f"{address}?id={template.pk}")
    assert EmailTemplate.objects.filter(pk=template.pk).exists()


def test_a_topic_that_a_draft_names_is_refused_with_words(editor: Client) -> None:
    """The database keeps such a topic; the editor reads why instead of an error page."""
    topic = Topic.objects.create(name="News", slug="news")
    campaign_of("Someday", live=False, topic=topic)
    assert "the campaign “Someday” names it" in delete(editor, topic)


def test_a_campaign_with_a_history_is_not_deleted(editor: Client) -> None:
    """Contacts' journeys name the campaign: it is refused; one that nobody entered goes."""
    used, unused = campaign_of("Used"), campaign_of("Unused")
    Journey.objects.create(
        campaign=used,
        version=CampaignVersion.objects.get(campaign=used),
        contact=Contact.objects.create(email="jan@example.com"),
        entry_key="once",
        entered_at=NOW,
    )
    assert "“Used” cannot be deleted: contacts have been in it" in delete(editor, used)
    delete(editor, unused)
    assert list(Campaign.objects.values_list("name", flat=True)) == ["Used"]


def test_what_a_live_campaign_uses_is_not_unpublished(editor: Client, template: EmailTemplate) -> None:
    """Unpublishing a used template is refused by name; an unused one is unpublished."""
    campaign = campaign_of("Welcome series", send(template))
    address = reverse(EmailTemplate.snippet_viewset.get_url_name("unpublish"), args=[template.pk])
    page = " ".join(editor.post(address, follow=True).content.decode().split())
    assert "“Welcome” cannot be unpublished: it is used by the live campaign “Welcome series”." in page
    template.refresh_from_db()
    assert template.live
    Campaign.objects.filter(pk=campaign.pk).update(live=False)
    editor.post(address)
    template.refresh_from_db()
    assert not template.live


# --- Pages and documents -------------------------------------------------------------------------------------------------


@pytest.fixture
def guide(db: None) -> Page:
    root = Site.objects.get().root_page
    return root.add_child(instance=Page(title="Guide", slug="guide-x"))


def viewed(page: Page) -> dict[str, Any]:
    return {"type": "viewed", "value": {"did": "did", "page": page.pk, "section": None, "tag": None}}


def branch(condition: dict[str, Any]) -> dict[str, Any]:
    return {"type": "branch", "value": {"match": "all", "conditions": [condition], "yes": [], "no": []}}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("action", ["delete", "unpublish", "bulk_delete", "bulk_unpublish"])
def test_a_page_goes_after_the_campaigns_were_named(editor: Client, guide: Page, action: str) -> None:
    """One by one or ticked in the listing, in a condition deep inside: the campaign is named, and the answer counts."""
    campaign_of("Follow-up", branch(viewed(guide)))
    if action.startswith("bulk"):
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", action.removeprefix("bulk_")])
        address += f"?id={guide.pk}"
    else:
        address = reverse(f"wagtailadmin_pages:{action}", args=[guide.pk])
    assert "“Guide” is used by the live campaign “Follow-up”." in text_of(editor.post(address, {"next": ""}))
    assert Page.objects.filter(pk=guide.pk, live=True).exists()
    editor.post(address, {"next": "", content_usage.ANYWAY: "1"})
    assert not Page.objects.filter(pk=guide.pk, live=True).exists()


def test_a_section_goes_with_the_pages_below_it(editor: Client, guide: Page) -> None:
    """A page below the one that is deleted is used."""
    below = guide.add_child(instance=Page(title="Roof", slug="roof"))
    trigger = {"type": "event", "value": {"event": "page_view", "page": below.pk, "properties": []}}
    campaign_of("Follow-up", trigger=trigger)
    page = text_of(editor.post(reverse("wagtailadmin_pages:delete", args=[guide.pk])))
    assert "“Guide” is used by the live campaign “Follow-up”." in page


def test_a_page_in_an_email_of_a_live_campaign_is_used(
    editor: Client, guide: Page, template: EmailTemplate
) -> None:
    """A link in the text of an email counts like a choice in a step."""
    template.body = with_ids(
        [{"type": "text", "value": f'<p><a linktype="page" id="{guide.pk}">Read</a></p>'}]
    )
    template.save()
    campaign_of("Follow-up", send(template))
    page = text_of(editor.post(reverse("wagtailadmin_pages:unpublish", args=[guide.pk])))
    assert "“Guide” is used by the live campaign “Follow-up”." in page


def test_an_unused_page_goes_without_a_question(editor: Client, guide: Page) -> None:
    """And so does one that only a draft uses."""
    campaign_of("Someday", branch(viewed(guide)), live=False)
    editor.post(reverse("wagtailadmin_pages:delete", args=[guide.pk]))
    assert not Page.objects.filter(pk=guide.pk).exists()


def test_a_document_goes_after_the_campaigns_were_named(editor: Client) -> None:
    """On Wagtail's own page for deleting a document, and when several are ticked."""
    document = get_document_model().objects.create(title="Checklist")
    downloaded = {
        "type": "event",
        "value": {"event": "document_download", "document": document.pk, "properties": []},
    }
    campaign_of("Follow-up", trigger=downloaded)
    address = reverse("wagtaildocs:delete", args=[document.pk])
    assert "“Checklist” is used by the live campaign “Follow-up”." in text_of(editor.get(address))
    model = get_document_model()._meta
    bulk = reverse("wagtail_bulk_action", args=[model.app_label, model.model_name, "delete"])
    assert "“Checklist” is used by" in text_of(editor.post(f"{bulk}?id={document.pk}", {"next": ""}))
    assert get_document_model().objects.exists()
    editor.post(address)
    assert not get_document_model().objects.exists()


def test_the_api_refuses_too(editor: Client, template: EmailTemplate) -> None:
    """Wagtail's API does what is registered as its actions: they give the sentences that the admin gives."""
    segment = Segment.objects.create(name="Dutch")
    campaign = campaign_of("Follow-up", send(template, in_segment(segment)))
    for thing in (segment, template):
        for name in ("delete", "unpublish"):
            action = action_registry.get_action_class(type(thing), name)(thing)
            with pytest.raises(ValidationError, match="used by the live campaign “Follow-up”"):
                action.execute()
    broken = Campaign.objects.get(pk=campaign.pk)
    broken.steps = []
    with pytest.raises(ValidationError, match="Add at least one step"):
        action_registry.get_action_class(Campaign, "publish")(broken.save_revision()).execute()
    Campaign.objects.update(live=False)
    action_registry.get_action_class(EmailTemplate, "delete")(template).execute()
    assert not EmailTemplate.objects.exists()
