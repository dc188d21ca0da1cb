from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.tracking.tokens import SALT, identity_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return get_user_model().objects.create_user("noor", email="Noor@example.org", first_name="Noor")


def identify(client: Client, token: object) -> None:
    body = json.dumps(
        {"name": "identify", "token": token, "properties": {"plan": "gold"}, "traits": {"a": 1}}
    )
    assert client.post("/journeys/collect/", body, content_type="text/plain").status_code == 204


def asking(visitor_id: str) -> object:
    request = RequestFactory().get("/")
    request.COOKIES["journeys_visitor"] = visitor_id
    return request


def test_a_token_says_who_the_visitor_is(user, visitor, visitor_id, inbox):
    """What the site signed becomes a claim; what the browser adds to it does not."""
    identify(visitor, identity_token(user, asking(visitor_id)))
    (event,) = inbox()
    assert event["name"] == "identify"
    assert event["claims"] == {"external_id": f"user-{user.pk}", "email": "noor@example.org"}
    assert event["traits"] == {"first_name": "Noor"}
    assert event["anonymous_id"] == visitor_id
    assert "properties" not in event
    pipeline.drain(timezone.now())
    assert Identity.objects.get().contact == Contact.objects.get(email="noor@example.org")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda token: None, "missing"),
        (lambda token: "", "missing"),
        (lambda token: ["x"], "missing"),
        (lambda token: "x" * 3000, "missing"),
        (lambda token: "no-token", "not signed"),
        (lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), "not signed"),
        (
            lambda token: signing.dumps({"claims": {"email": "v@example.org"}, "traits": {}}, "other", SALT),
            "not signed",
        ),
        (
            lambda token: signing.dumps({"claims": {"email": "v@example.org"}, "traits": {}}, salt="x"),
            "not signed",
        ),
    ],
)
def test_forged_tokens_say_nothing(forge: Callable, reason: str, user, visitor, inbox, dead_letters):
    """A token that the site did not sign identifies nobody; it is kept without the token, and with the reason."""
    identify(visitor, forge(identity_token(user)))
    assert inbox() == []
    (letter,) = dead_letters()
    assert reason in letter.error
    assert letter.payload == {"name": "identify"}


def test_an_old_token_says_nothing(user, visitor, inbox, dead_letters, settings):
    """A token is good for JOURNEYS_IDENTITY_TOKEN_AGE seconds."""
    token = identity_token(user)
    settings.JOURNEYS_IDENTITY_TOKEN_AGE = -1
    identify(visitor, token)
    assert inbox() == []
    assert "too old" in dead_letters()[0].error


def test_a_token_from_another_browser_says_nothing(user, visitor, visitor_id, inbox, dead_letters):
    """What was made for one browser is no use in the one it was forwarded to, with a cookie or without."""
    token = identity_token(user, asking("f" * 32))
    identify(visitor, token)
    identify(Client(), token)
    assert inbox() == []
    assert ["another browser" in letter.error for letter in dead_letters()] == [True, True]


def test_keys_can_be_changed(user, visitor, inbox, settings):
    """The first key signs, the others still verify; a key that is gone does not."""
    settings.JOURNEYS_IDENTITY_KEYS = ["old"]
    token = identity_token(user)
    settings.JOURNEYS_IDENTITY_KEYS = ["new", "old"]
    identify(visitor, token)
    settings.JOURNEYS_IDENTITY_KEYS = ["new"]
    identify(visitor, token)
    assert len(inbox()) == 1


def test_only_members_have_tokens():
    """There is no token of somebody who is not logged in."""
    with pytest.raises(ValueError, match="logged in"):
        identity_token(AnonymousUser())


def test_template_tag(user, visitor, visitor_id, inbox):
    """The tag gives a member's page the token for its browser, and everybody else nothing."""
    template = Template("{% load journeys %}{% journeys_identity_token %}")
    request = asking(visitor_id)
    assert template.render(Context({"request": request})) == ""
    request.user = AnonymousUser()
    assert template.render(Context({"request": request})) == ""
    request.user = user
    identify(visitor, template.render(Context({"request": request})))
    assert inbox()[0]["claims"]["external_id"] == f"user-{user.pk}"


@pytest.mark.parametrize(
    ("setting", "claimed"),
    [(True, True), (False, False), (lambda user: user.is_staff, False), (lambda user: user.pk, True)],
)
def test_unverified_addresses_are_not_claimed(setting: object, claimed: bool, user, settings):
    """Only an address that the site says is verified makes an account this address's contact."""
    from wagtail_journeys.events import accounts

    settings.JOURNEYS_EMAIL_VERIFIED = setting
    assert ("email" in accounts.claims_of(user)) is claimed
    assert accounts.claims_of(user)["external_id"] == f"user-{user.pk}"
