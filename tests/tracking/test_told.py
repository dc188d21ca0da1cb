"""Sign-ups, searches and publishing: what a site tells with one line, or without any."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.utils import timezone
from wagtail.models import Page, Site

from example_site.website.models import ArticleIndexPage, ArticlePage
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.tracking import receivers
from wagtail_journeys.tracking.members import signed_up
from wagtail_journeys.tracking.search import searched

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(visitor_id):
    """A request of a person's browser that has the tracker's cookie."""

    def made(path: str = "/en/search/", *, method: str = "get", **headers: str):
        request = getattr(RequestFactory(), method)(path, headers={"User-Agent": "Firefox/140.0", **headers})
        request.COOKIES["journeys_visitor"] = visitor_id
        return request

    return made


@pytest.fixture
def user(db):
    return get_user_model().objects.create_user("noor", email="Noor@Example.org", first_name="Noor")


# --- Search -------------------------------------------------------------------------------------------------------------


def test_a_search(ask, visitor_id, inbox):
    """A search tells what was looked for and how much was found, and whose it was."""
    searched(ask("/en/search/?q=heat"), " heat  pumps\n", 3)
    (event,) = inbox()
    assert (event["name"], event["source"]) == ("site_search", "site")
    assert event["properties"] == {"query": "heat pumps", "results": 3, "locale": "en"}
    assert event["anonymous_id"] == visitor_id
    assert event["site_id"] == Site.objects.get().pk


@pytest.mark.parametrize("query", ["", "  ", "\n"])
def test_looking_for_nothing_is_no_search(query, ask):
    """The empty search page is no search."""
    searched(ask(), query, 0)
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize("query", ["x" * 5000, "\x00\ud83d", "{{ 7*7 }}<script>", "' OR 1=1 --"])
def test_strange_searches_are_kept_short(query, ask, inbox):
    """Whatever is typed is text of a bounded length."""
    searched(ask(), query, 0)
    assert all(len(event["properties"]["query"]) <= 200 for event in inbox())
    while pipeline.drain(timezone.now()):
        pass
    assert not InboxItem.objects.exists()


def test_searches_of_bots_and_objectors_are_nobodys(ask, inbox):
    """A crawler's search is marked; of somebody who objects to being followed it is not told who it was."""
    searched(ask(**{"User-Agent": "Googlebot/2.1"}), "heat", 1)
    searched(ask(**{"Sec-GPC": "1"}), "heat", 1)
    assert ["anonymous_id" in event for event in inbox()] == [False, False]
    assert inbox()[0]["properties"]["bot"] == "crawler"


# --- Sign-up ------------------------------------------------------------------------------------------------------------


def test_a_sign_up_makes_a_contact_with_its_history(ask, user, visitor_id, inbox):
    """Who signs up is known from then on, by the account, and what the browser did before is theirs."""
    searched(ask(), "heat", 3)
    signed_up(ask("/sign-up/", method="post"), user)
    while pipeline.drain(timezone.now()):
        pass
    contact = Contact.objects.get()
    assert (contact.external_id, contact.email, contact.first_name) == (
        f"user-{user.pk}",
        "noor@example.org",
        "Noor",
    )
    assert set(contact.events.values_list("name", flat=True)) == {"site_search", "sign_up"}
    assert Identity.objects.get().evidence == "sign_up"


def test_an_address_that_is_not_verified_says_nothing(ask, user, settings, inbox):
    """A stranger's address typed into the sign-up leads to nobody else's contact."""
    settings.JOURNEYS_EMAIL_VERIFIED = False
    signed_up(ask("/sign-up/", method="post"), user)
    assert inbox()[0]["claims"] == {"external_id": f"user-{user.pk}"}


def test_somebody_else_signs_up_on_the_same_browser(ask, user, visitor_id, inbox):
    """On a browser that is another contact's, a sign-up begins with an anonymous id of its own."""
    Identity.objects.create(
        anonymous_id=visitor_id,
        contact=Contact.objects.create(email="other@example.org"),
        since=timezone.now(),
        evidence="login",
    )
    request = ask("/sign-up/", method="post")
    request._journeys_next_visitor = None  # as the middleware leaves it
    signed_up(request, user)
    assert inbox()[0]["anonymous_id"] not in ("", visitor_id)


def test_django_allauth_needs_no_line(ask, user, settings, monkeypatch, inbox):
    """Where django-allauth is installed, its own signal tells the sign-up."""
    signals = pytest.importorskip("allauth.account.signals")
    settings.JOURNEYS_EMAIL_VERIFIED = False
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "allauth.account")
    receivers.connect()
    try:
        signals.user_signed_up.send(sender=type(user), request=ask("/sign-up/", method="post"), user=user)
    finally:
        signals.user_signed_up.disconnect(dispatch_uid="wagtail_journeys.sign_up")
    (event,) = inbox()
    assert event["name"] == "sign_up"
    assert event["claims"] == {"external_id": f"user-{user.pk}"}


# --- Publishing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def article(db) -> ArticlePage:
    home = Page.objects.get(depth=2)
    index = home.add_child(instance=ArticleIndexPage(title="Articles", slug="articles"))
    page = ArticlePage(
        title="Warm walls", slug="warm-walls", date=timezone.now().date(), author="Mila", live=False
    )
    index.add_child(instance=page)
    page.tags.add("insulation", "walls")
    return page


def test_publishing_a_page(article, inbox, django_capture_on_commit_callbacks):
    """A published page is an event that says what the page is and how it is tagged, and that is nobody's."""
    with django_capture_on_commit_callbacks(execute=True):
        article.save_revision().publish()
    (event,) = inbox()
    assert (event["name"], event["source"], event["page_id"]) == ("page_published", "engine", article.pk)
    assert event["properties"] == {
        "title": "Warm walls",
        "type": "website.articlepage",
        "locale": "en",
        "tags": ["insulation", "walls"],
        "first": True,
    }
    assert not {"anonymous_id", "claims", "contact_id"} & set(event)
    while pipeline.drain(timezone.now()):
        pass
    assert Event.objects.get().contact is None
    assert not Contact.objects.exists()


def test_publishing_again_is_not_the_first_time(article, inbox, django_capture_on_commit_callbacks):
    """A page that is changed is published too, and says that it was there before."""
    article.save_revision().publish()
    article.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        article.save_revision().publish()
    assert inbox()[0]["properties"]["first"] is False


def test_a_page_of_no_site_can_be_published(inbox, django_capture_on_commit_callbacks):
    """A page outside of every site has neither site nor address."""
    page = Page.get_first_root_node().add_child(instance=Page(title="Loose", slug="loose", live=False))
    with django_capture_on_commit_callbacks(execute=True):
        page.save_revision().publish()
    assert not {"site_id", "url"} & set(inbox()[0])
