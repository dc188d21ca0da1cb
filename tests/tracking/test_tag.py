from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from wagtail.models import Page

from wagtail_journeys.conf import conf

pytestmark = pytest.mark.django_db


def tag(**context: object) -> str:
    context.setdefault("request", RequestFactory().get("/"))
    return Template("{% load journeys %}{% journeys_tracker %}").render(Context(context))


def test_script():
    """The tag names the script, where it reports to, its cookie, and the page and its language."""
    page = Page.objects.get(depth=2)
    with translation.override("nl"):
        html = tag(page=page)
    assert 'src="/static/wagtail_journeys/tracker.js"' in html
    assert " defer" in html
    assert 'data-endpoint="/journeys/collect/"' in html
    assert f'data-cookie="{conf.VISITOR_COOKIE}"' in html
    assert f'data-age="{conf.VISITOR_COOKIE_AGE}"' in html
    assert f'data-page="{page.pk}"' in html
    assert 'data-locale="en"' in html


@pytest.mark.parametrize("page", [None, "text", 5, {"pk": 1}])
def test_no_page(page):
    """On a view that is no page the tag names no page, and the active language."""
    with translation.override("nl"):
        html = tag(page=page)
    assert "data-page" not in html
    assert 'data-locale="nl"' in html


def test_unsaved_page():
    """A page that has no id yet is not named."""
    assert "data-page" not in tag(page=Page(title="New"))


def test_without_request():
    """A template that is rendered without a request gets the script as well."""
    assert "<script" in Template("{% load journeys %}{% journeys_tracker %}").render(Context())


def test_preview():
    """An editor's preview is not tracked."""
    request = RequestFactory().get("/")
    request.is_preview = True
    assert tag(request=request) == ""


def test_switched_off(settings):
    """With JOURNEYS_TRACKING = False there is no script."""
    settings.JOURNEYS_TRACKING = False
    assert tag() == ""


def test_escaped(settings):
    """Settings cannot break out of the attributes."""
    settings.JOURNEYS_VISITOR_COOKIE = '"><script>'
    assert '"><script>' not in tag()


def test_same_for_everybody(form_page, visitor, client, admin_user):
    """The script tag is the same for a new visitor, a known one and a member."""

    def script(response) -> str:
        (found,) = re.findall(r"<script[^>]*tracker\.js[^>]*>", response.content.decode())
        return found

    anonymous = script(client.get(form_page.url))
    client.force_login(admin_user)
    assert script(visitor.get(form_page.url)) == script(client.get(form_page.url)) == anonymous
