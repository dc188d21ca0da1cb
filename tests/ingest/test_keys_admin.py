"""Write keys in the admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from wagtail_journeys.ingest import keys
from wagtail_journeys.ingest.models import WriteKey

pytestmark = pytest.mark.django_db

LIST = reverse("journeys_keys:index")
ADD = reverse("journeys_keys:add")
FORM = {
    "name": "Shop",
    "kind": "public",
    "site": "",
    "allowed_origins": "https://shop.example",
    "allowed_events": "",
}


def shown(page: str) -> str:
    found = re.search(r"wj[ps]_[\w-]{43}", page)
    assert found
    return found[0]


def test_an_empty_list_says_what_keys_are_for(admin_client: Client) -> None:
    """And offers the first one."""
    page = admin_client.get(LIST).content.decode()
    assert "No write keys yet" in page
    assert ADD in page


def test_a_new_key_is_shown_once_and_works(admin_client: Client) -> None:
    """On the page that answers, which nobody keeps; never again."""
    answer = admin_client.post(ADD, FORM)
    value = shown(answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert keys.find(value, timezone.now())
    key = WriteKey.objects.get()
    for address in (LIST, reverse("journeys_keys:edit", args=[key.pk])):
        page = admin_client.get(address).content.decode()
        assert value not in page
        assert "Shop" in page
    assert value not in str(list(ModelLogEntry.objects.values()))
    assert ModelLogEntry.objects.filter(action="wagtail.create", object_id=str(key.pk)).exists()


def test_a_wrong_origin_stays_in_the_form(admin_client: Client) -> None:
    """With the reason; nothing is made."""
    page = admin_client.post(ADD, {**FORM, "allowed_origins": "shop.example"}).content.decode()
    assert "is no origin" in page
    assert not WriteKey.objects.exists()


def test_rotating(admin_client: Client) -> None:
    """The page asks first; then the new value is shown once, and the log says who did it."""
    old = keys.create("CRM", "server")
    key = WriteKey.objects.get()
    address = reverse("journeys_keys:rotate", args=[key.pk])
    assert "24 hours" in admin_client.get(address).content.decode()
    assert WriteKey.objects.get().rotated_at is None
    new = shown(admin_client.post(address).content.decode())
    assert new != old
    assert keys.find(new, timezone.now()) and keys.find(old, timezone.now())
    assert ModelLogEntry.objects.filter(action="journeys.key_rotated", user__isnull=False).count() == 1


def test_revoking(admin_client: Client) -> None:
    """The page asks first; then the key is unknown and stays in the list."""
    value = keys.create("CRM", "server")
    address = reverse("journeys_keys:revoke", args=[WriteKey.objects.get().pk])
    assert "cannot be undone" in admin_client.get(address).content.decode()
    assert keys.find(value, timezone.now())
    page = admin_client.post(address, follow=True).content.decode()
    assert keys.find(value, timezone.now()) is None
    assert "revoked" in page
    assert ModelLogEntry.objects.filter(action="journeys.key_revoked").count() == 1
    admin_client.post(address)
    assert ModelLogEntry.objects.filter(action="journeys.key_revoked").count() == 1


def test_editing_a_key_changes_what_it_may_do_and_never_its_kind(admin_client: Client) -> None:
    """At once, in this process."""
    value = keys.create("CRM", "public")
    key = WriteKey.objects.get()
    assert keys.find(value, timezone.now()).origins == frozenset()
    admin_client.post(reverse("journeys_keys:edit", args=[key.pk]), {**FORM, "kind": "server"})
    found = keys.find(value, timezone.now())
    assert (found.origins, found.server) == (frozenset({"https://shop.example"}), False)


@pytest.mark.parametrize("name", ["index", "add", "edit", "rotate", "revoke"])
@pytest.mark.parametrize("allowed", [True, False])
def test_keys_have_permissions_of_their_own(
    client: Client, django_user_model: type, name: str, allowed: bool
) -> None:
    """Who may not change keys sees none of their pages."""
    keys.create("CRM", "server")
    somebody = django_user_model.objects.create_user("somebody", password="secret")
    wanted = ["access_admin", *(["add_writekey", "change_writekey"] if allowed else ["change_contact"])]
    somebody.user_permissions.add(*Permission.objects.filter(codename__in=wanted))
    client.force_login(somebody)
    args = [] if name in ("index", "add") else [WriteKey.objects.get().pk]
    answer = client.get(reverse(f"journeys_keys:{name}", args=args))
    assert answer.status_code == (200 if allowed else 302)


def test_no_key_can_be_deleted(admin_client: Client) -> None:
    """Its events go on naming it."""
    assert "journeys/keys/delete" not in admin_client.get(LIST).content.decode()
    assert not any(found.name == "delete" for found in _patterns())


def _patterns() -> list:
    from wagtail_journeys.ingest.viewsets import WriteKeyViewSet

    return WriteKeyViewSet().get_urlpatterns()
