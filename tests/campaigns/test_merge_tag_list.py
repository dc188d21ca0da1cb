"""The merge tags of the chosen templates, as the step that sends them lists them."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertRedirects

from tests.scenarios.story import Story
from wagtail_journeys.campaigns.merge_tags import URL_NAME

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    """Somebody who may edit campaigns and nothing else."""
    user = get_user_model().objects.create_user("ed", "ed@example.com", "x")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "change_campaign"]))
    client.force_login(user)
    return client


def listed(editor: Client, **query: object) -> dict[str, bool]:
    """The tags, each with whether everybody has a value for it."""
    response = editor.get(reverse(URL_NAME), query)
    assert response.status_code == 200
    return {tag["tag"]: tag["always"] for tag in response.json()["tags"]}


def test_tags_of_every_template_and_language(editor: Client) -> None:
    """Those of the step's template and of its variants', of all their translations too, without one twice."""
    story = Story()
    first = story.template("Hi {{ contact.email }}", nl="Dag {{ contact.first_name }}")
    second = story.template("{{ contact.first_name }}: {{ journey.crm_id }}")
    story.template("{{ event.elsewhere }}")
    found = listed(editor, template=[first.pk, second.pk])
    assert found == {"contact.email": True, "contact.first_name": False, "journey.crm_id": False}


def test_the_name_of_the_event_is_there_where_an_event_starts_the_campaign(editor: Client) -> None:
    template = Story().template("About {{ event.name }}")
    assert listed(editor, template=template.pk, trigger="event") == {"event.name": True}
    assert listed(editor, template=template.pk, trigger="manual") == {"event.name": False}


def test_what_the_email_does_without(editor: Client) -> None:
    """A tag with a default of its own in one language is asked for in the other, which has none."""
    one = Story().template("Hi {{ contact.first_name | default: 'you' }}, {{ contact.points }}")
    two = Story().template("{{ event.title | default: '' }}", nl="{{ event.title }}")
    response = editor.get(reverse(URL_NAME), {"template": [one.pk, two.pk]})
    assert {tag["tag"]: tag["required"] for tag in response.json()["tags"]} == {
        "contact.first_name": False,
        "contact.points": True,
        "event.title": True,
    }


def test_what_is_no_template_has_no_tags(editor: Client) -> None:
    assert listed(editor) == {}
    assert listed(editor, template=["x", "²", "9" * 40, "4711"]) == {}


def test_whoever_may_not_edit_campaigns_is_refused(client: Client) -> None:
    user = get_user_model().objects.create_user("other", "other@example.com", "x")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "view_campaign"]))
    client.force_login(user)
    # Wagtail's admin answers a refusal with its first page and a message.
    response = client.get(reverse(URL_NAME))
    assertRedirects(response, reverse("wagtailadmin_home"), fetch_redirect_response=False)
    (said,) = get_messages(response.wsgi_request)
    assert "do not have permission" in str(said)
