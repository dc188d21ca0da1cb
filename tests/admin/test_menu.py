from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from tests.reporting import rows
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails.models import Message
from wagtail_journeys.reporting.statistics import campaign_url

pytestmark = pytest.mark.django_db

VIEWS = {
    "contact list": ("contact", lambda made: reverse("journeys_contacts:index")),
    "contact results": ("contact", lambda made: reverse("journeys_contacts:index_results")),
    "contact page": ("contact", lambda made: reverse("journeys_contacts:inspect", args=[made["contact"].pk])),
    "message list": ("message", lambda made: reverse("journeys_messages:index")),
    "message results": ("message", lambda made: reverse("journeys_messages:index_results")),
    "message": ("message", lambda made: reverse("journeys_messages:inspect", args=[made["message"].pk])),
    "statistics": ("campaign", lambda made: campaign_url("stats", made["campaign"].pk)),
}


@pytest.fixture
def made() -> dict[str, object]:
    contact = rows.contact()
    campaign = rows.campaign()
    visit = rows.visit(rows.journey(campaign, contact), "send")
    return {"contact": contact, "campaign": campaign, "message": rows.message(visit, contact)}


def user(client: Client, django_user_model: type, *permissions: str) -> Client:
    """A client logged in as somebody who may enter the admin and has these permissions."""
    somebody = django_user_model.objects.create_user("somebody", password="secret")
    somebody.user_permissions.add(
        *Permission.objects.filter(codename__in=["access_admin", *permissions]),
    )
    client.force_login(somebody)
    return client


def test_everything_of_ours_is_in_one_menu(admin_client: Client) -> None:
    """The menu "Journeys" holds campaigns, segments, templates, contacts, messages and topics, in this order."""
    page = admin_client.get(reverse("wagtailadmin_home")).content.decode()
    places = [
        page.find(f'"{label}"')
        for label in ("Campaigns", "Segments", "Email templates", "Contacts", "Messages", "Topics")
    ]

    assert all(place > 0 for place in places)
    assert places == sorted(places)
    assert '"Journeys"' in page


def test_the_menu_comes_after_images_and_documents(admin_client: Client) -> None:
    """Journeys stands behind what editors use most."""
    page = admin_client.get(reverse("wagtailadmin_home")).content.decode()

    assert page.find('"Images"') < page.find('"Documents"') < page.find('"Journeys"') < page.find('"Reports"')


def test_our_styles_are_on_every_page(admin_client: Client) -> None:
    """The admin loads one style sheet of ours."""
    page = admin_client.get(reverse("wagtailadmin_home")).content.decode()

    assert len(re.findall(r"wagtail_journeys/admin\S*\.css", page)) == 1


@pytest.mark.parametrize("name", VIEWS)
def test_nobody_sees_anything_without_logging_in(client: Client, made: dict[str, object], name: str) -> None:
    """Without an account every view leads to the log-in page."""
    response = client.get(VIEWS[name][1](made))

    assert response.status_code == 302
    assert reverse("wagtailadmin_login") in response["Location"]


@pytest.mark.parametrize("name", VIEWS)
def test_an_account_alone_is_not_enough(
    client: Client, django_user_model: type, made: dict[str, object], name: str
) -> None:
    """Who may enter the admin but has no permission for contacts, messages or campaigns is sent home."""
    response = user(client, django_user_model).get(VIEWS[name][1](made))

    assert response.status_code == 302
    assert response["Location"] == reverse("wagtailadmin_home")


@pytest.mark.parametrize("name", VIEWS)
def test_the_permission_to_view_is_enough(
    client: Client, django_user_model: type, made: dict[str, object], name: str
) -> None:
    """The permission to view a kind of object opens its views."""
    model, url = VIEWS[name]
    response = user(client, django_user_model, f"view_{model}").get(url(made))

    assert response.status_code == 200


@pytest.mark.parametrize("permission", ["view_message", "view_campaign"])
def test_one_permission_does_not_open_the_others(
    client: Client, django_user_model: type, made: dict[str, object], permission: str
) -> None:
    """Seeing messages or campaigns does not mean seeing contacts."""
    response = user(client, django_user_model, permission).get(VIEWS["contact page"][1](made))

    assert response.status_code == 302


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ((), 302),
        (("view_campaign",), 302),
        (("view_contact",), 302),
        (("view_campaign", "view_contact"), 200),
    ],
)
def test_who_is_behind_a_number(
    client: Client,
    django_user_model: type,
    made: dict[str, object],
    permissions: tuple[str, ...],
    status: int,
) -> None:
    """The contacts behind a campaign's number are seen only by who may see campaigns and contacts."""
    url = reverse("journeys_counted", args=[made["campaign"].pk])
    response = user(client, django_user_model, *permissions).get(url)

    assert response.status_code == status


def test_numbers_without_links(client: Client, django_user_model: type, made: dict[str, object]) -> None:
    """Who may see campaigns but no contacts sees the numbers, and no links behind them."""
    page = user(client, django_user_model, "view_campaign").get(VIEWS["statistics"][1](made)).content.decode()

    assert "Step by step" in page
    assert reverse("journeys_counted", args=[made["campaign"].pk]) not in page


def test_a_contact_page_links_no_message_to_who_may_not_see_it(
    client: Client, django_user_model: type, made: dict[str, object]
) -> None:
    """On the timeline a message is a link only for who may open it."""
    url, target = VIEWS["contact page"][1](made), VIEWS["message"][1](made)
    assert target not in user(client, django_user_model, "view_contact").get(url).content.decode()

    django_user_model.objects.get().user_permissions.add(Permission.objects.get(codename="view_message"))
    assert target in client.get(url).content.decode()


def test_the_form_needs_the_permission_to_change(
    client: Client, django_user_model: type, made: dict[str, object]
) -> None:
    """Who may only view contacts gets neither the form nor a button that leads to it."""
    edit = reverse("journeys_contacts:edit", args=[made["contact"].pk])
    client = user(client, django_user_model, "view_contact")

    assert client.get(edit).status_code == 302
    assert edit not in client.get(VIEWS["contact page"][1](made)).content.decode()


@pytest.mark.parametrize("name", ["contact list", "contact page", "message list", "message", "statistics"])
def test_views_answer_reading_only(admin_client: Client, made: dict[str, object], name: str) -> None:
    """What only shows things refuses to be posted to."""
    assert admin_client.post(VIEWS[name][1](made)).status_code == 405


def test_groups_can_be_given_our_permissions(admin_client: Client) -> None:
    """The form of a user group offers to view contacts and messages, and not to add messages."""
    group = Group.objects.create(name="Marketing")
    page = admin_client.get(reverse("wagtailusers_groups:edit", args=[group.pk])).content.decode()

    def offered(codename: str) -> bool:
        number = Permission.objects.get(codename=codename).pk
        return bool(re.search(rf'name="permissions"[^>]*value="{number}"', page))

    assert offered("view_contact")
    assert offered("view_message")
    assert not offered("add_message")


@pytest.mark.parametrize("model", [Contact, Message, Campaign])
def test_a_page_that_does_not_exist(admin_client: Client, model: type) -> None:
    """An object that is not there is a 404, not an error."""
    url = {
        Contact: lambda: reverse("journeys_contacts:inspect", args=[404]),
        Message: lambda: reverse("journeys_messages:inspect", args=[404]),
        Campaign: lambda: campaign_url("stats", 404),
    }[model]()

    assert admin_client.get(url, follow=True).status_code == 404
