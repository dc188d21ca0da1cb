from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.emails.making import make_contact, make_template, make_topic, queue
from wagtail_journeys import pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.emails.links import make_token
from wagtail_journeys.events.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    make = get_user_model().objects.create_user
    return [make(name, email=f"{name}@example.org", password="pass") for name in ("noor", "sam")]


def log_in(client: Client, name: str):
    return client.post(reverse("account:login"), {"username": name, "password": "pass"})


def look(client: Client, title: str) -> None:
    client.post(
        "/journeys/collect/", json.dumps({"name": "page_view", "title": title}), content_type="text/plain"
    )


def drain() -> None:
    while pipeline.drain(timezone.now()):
        pass


def owners() -> dict[str, str | None]:
    views = Event.objects.filter(name="page_view").values_list("properties__title", "contact__email")
    return dict(views)


def test_logging_out_gives_the_browser_a_new_id(people, visitor, visitor_id):
    """The answer to a log-out replaces the anonymous id, in a cookie that is like the tracker's."""
    log_in(visitor, "noor")
    assert visitor.cookies[conf.VISITOR_COOKIE].value == visitor_id
    response = visitor.post(reverse("account:logout"))
    cookie = response.cookies[conf.VISITOR_COOKIE]
    assert cookie.value != visitor_id
    assert len(cookie.value) == 36
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["max-age"]) == (
        "/",
        "Lax",
        "",
        conf.VISITOR_COOKIE_AGE,
    )


def test_no_cookie_where_there_was_none(people, client):
    """Neither a log-in nor a log-out gives the cookie to a browser that has none; no other answer sets it at all."""
    log_in(client, "noor")
    client.post(reverse("account:logout"))
    client.get("/en/account/login/")
    assert conf.VISITOR_COOKIE not in client.cookies


def test_pages_set_no_cookie(visitor, form_page):
    """A page gives nobody a cookie."""
    assert conf.VISITOR_COOKIE not in visitor.get(form_page.url).cookies


@pytest.mark.parametrize("middleware", [True, False])
@pytest.mark.parametrize("drained", ["each", "together"])
def test_two_members_on_one_browser(middleware, drained, people, visitor, settings):
    """What each member does is that member's, what nobody is logged in for is nobody's, with the middleware or without."""
    if not middleware:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "VisitorMiddleware" not in name]

    def then() -> None:
        if drained == "each":
            drain()

    look(visitor, "before")
    log_in(visitor, "noor")
    look(visitor, "noor's")
    then()
    visitor.post(reverse("account:logout"))
    then()
    look(visitor, "between")
    then()
    log_in(visitor, "sam")
    look(visitor, "sam's")
    drain()
    found = owners()
    assert found["before"] == found["noor's"] == "noor@example.org"
    if middleware:
        assert found["between"] == found["sam's"] == "sam@example.org"
    else:
        assert found["between"] is None
        assert found["sam's"] is None
    assert Contact.objects.count() == 2


def test_logging_in_without_logging_out(people, visitor, visitor_id):
    """A second member who logs in over the first begins with a new id; the first one's stays as it was."""
    log_in(visitor, "noor")
    drain()
    del visitor.cookies["sessionid"]
    log_in(visitor, "sam")
    assert visitor.cookies[conf.VISITOR_COOKIE].value != visitor_id
    look(visitor, "sam's")
    drain()
    assert owners() == {"sam's": "sam@example.org"}
    assert Identity.objects.get(anonymous_id=visitor_id).contact.email == "noor@example.org"


def test_logging_in_again_keeps_the_id(people, visitor, visitor_id):
    """The same member on the same browser is no reason for a new id, by account or by address."""
    contact = Contact.objects.create(email="noor@example.org")
    Identity.objects.create(
        anonymous_id=visitor_id, contact=contact, since=timezone.now(), evidence="form_submit"
    )
    for _ in range(2):
        log_in(visitor, "noor")
        drain()
    assert visitor.cookies[conf.VISITOR_COOKIE].value == visitor_id
    assert Identity.objects.get().until is None


def test_leaving_the_admin(people, visitor):
    """Who logs out in the admin leaves the browser too, and does not become a contact by that."""
    log_in(visitor, "noor")
    drain()
    visitor.post(reverse("wagtailadmin_logout"))
    editor = get_user_model().objects.create_superuser("ed", "ed@example.org", "pass")
    visitor.force_login(editor)
    visitor.post(reverse("wagtailadmin_logout"))
    drain()
    assert Identity.objects.get().until is not None
    assert list(Contact.objects.values_list("email", flat=True)) == ["noor@example.org"]


def test_a_forwarded_link_does_not_identify(visitor, form_page):
    """Somebody who opens and uses a link from another's mail stays a stranger."""
    topic = make_topic()
    (message,) = queue(make_template(), make_contact(), topic=topic)
    token = make_token("unsubscribe", message.uuid)
    visitor.get(f"/journeys/unsubscribe/{token}/")
    visitor.post(f"/journeys/unsubscribe/{token}/", {"action": "unsubscribe"})
    visitor.get(f"{form_page.url}?email={message.address}&token={token}&journeys={message.uuid}")
    look(visitor, "stranger's")
    drain()
    assert owners() == {"stranger's": None}
    assert not Identity.objects.exists()
