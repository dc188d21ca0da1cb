from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.test import Client, RequestFactory
from django.urls import reverse

from wagtail_journeys.events.models import InboxItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db):
    return get_user_model().objects.create_user(
        "noor", email="Noor@Example.org", password="pass", first_name="Noor", last_name="Smit"
    )


def log_in(client: Client, path: str, user):
    return client.post(path, {"username": "noor", "password": "pass"})


def test_login(user, visitor, visitor_id, inbox):
    """Logging in on the site says who the visitor is: the account's id and address, and its names."""
    assert log_in(visitor, reverse("account:login"), user).status_code == 302
    (event,) = inbox()
    assert event["name"] == "login"
    assert event["source"] == "site"
    assert event["anonymous_id"] == visitor_id
    assert event["claims"] == {"external_id": f"user-{user.pk}", "email": "noor@example.org"}
    assert event["traits"] == {"first_name": "Noor", "last_name": "Smit"}
    assert event["site_id"]


@pytest.mark.parametrize("name", ["wagtailadmin_login", "account:login"])
def test_admin_login(name, user, visitor, inbox):
    """An editor who enters the admin is not a visitor who logs in."""
    user.is_superuser = True
    user.save()
    assert log_in(visitor, reverse(name), user).status_code == 302
    assert len(inbox()) == (0 if name == "wagtailadmin_login" else 1)


@pytest.mark.parametrize("email", ["", "not an address", "a@b", "x" * 330 + "@example.org"])
def test_account_without_address(email, user, visitor, inbox):
    """An account whose address is none is known by its id alone."""
    get_user_model().objects.filter(pk=user.pk).update(email=email[:254])
    log_in(visitor, reverse("account:login"), user)
    (event,) = inbox()
    assert event["claims"] == {"external_id": f"user-{user.pk}"}


def test_login_made_by_code(user, visitor):
    """A log-in without a request from a browser is nobody's visit."""
    visitor.force_login(user)
    user_logged_in.send(sender=type(user), request=None, user=user)
    assert not InboxItem.objects.exists()


def test_wrong_password(user, visitor):
    """A failed log-in is no event."""
    visitor.post(reverse("account:login"), {"username": "noor", "password": "wrong"})
    assert not InboxItem.objects.exists()


def test_objecting_visitor(user, visitor_id, inbox):
    """With Global Privacy Control a log-in is not tied to the browser's history."""
    request = RequestFactory().post("/en/account/login/", headers={"Sec-GPC": "1"})
    request.COOKIES["journeys_visitor"] = visitor_id
    user_logged_in.send(sender=type(user), request=request, user=user)
    (event,) = inbox()
    assert "anonymous_id" not in event
