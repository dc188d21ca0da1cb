"""The brand of a site, shared fragments, and how emails that are live keep up with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page, Site

from tests.emails.making import NOW, make_template, text
from tests.emails.test_blocks import fragment
from tests.emails.test_composing import BASE, Everything, block, compose, fill_in, leaves_files_open
from wagtail_journeys.emails import look, refreshing, usage
from wagtail_journeys.emails.brands import EmailBrand
from wagtail_journeys.emails.fragments import EmailFragment
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.emails.viewsets import EmailFragmentViewSet
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    settings.JOURNEYS_BASE_URL = BASE


@pytest.fixture
def site() -> Site:
    return Site.objects.get(is_default_site=True)


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("admin", "admin@example.com", "secret"))
    return client


def image(name: str = "logo.png") -> Any:
    return get_image_model().objects.create(
        title="Logo", file=get_test_image_file(filename=name, size=(640, 160))
    )


@leaves_files_open
def test_brand_is_seen_in_emails(site: Site) -> None:
    """Colours, fonts, logos, footer, address and profiles of the site stand in its emails; braces in them are words."""
    other = Site.objects.create(
        hostname="other.example", port=443, site_name="Other", root_page=site.root_page
    )
    for one, colour in ((site, "#7a1f3d"), (other, "#0b5345")):
        brand = EmailBrand(
            site=one, button_colour=colour, link_colour=colour, font="georgia", postal_address="Lane 1\nDelft <NL>",
            footer="Warm & {{ contact.email }}", logo=image(), logo_dark=image("dark.png"),
        )  # fmt: skip
        brand.social = with_ids([block("profile", name="Mastodon", url="https://social.example/@us")])
        brand.full_clean()
        brand.save()
    email = fill_in(compose(text("<p><a href='/x'>link</a></p>")), email="secret@example.com")
    assert "#7a1f3d" in email.html and "#0b5345" not in email.html and "Georgia" in email.html
    assert "Warm &amp; {{ contact.email }}" in email.html and "Warm & {{ contact.email }}" in email.text
    assert "Lane 1, Delft &lt;NL&gt;" in email.html and "Lane 1\nDelft <NL>" in email.text
    assert "Mastodon: https://social.example/@us" in email.text
    logos = Everything(email.html).of("img")
    assert [(attrs["class"], attrs["width"]) for attrs in logos] == [("wj-light", "160"), ("wj-dark", "160")]
    assert all(str(attrs["src"]).startswith(f"{BASE}/media/") and attrs["alt"] for attrs in logos)
    assert "#0b5345" in compose(text("<p><a href='/x'>x</a></p>"), site=other).html
    assert "prefers-color-scheme: dark" in email.html


def test_colours_that_cannot_be_read(site: Site) -> None:
    """Words that do not stand out from their ground are refused, with a colour near by that would do."""
    brand = EmailBrand(
        site=site, link_colour="#8ab4f8", button_text_colour="#eeeeee", button_colour="#ffcc00"
    )
    with pytest.raises(ValidationError) as caught:
        brand.full_clean()
    said = caught.value.message_dict
    assert set(said) == {"link_colour", "button_text_colour"}
    assert "4.5 to 1" in said["link_colour"][0]
    better = said["link_colour"][0].split("#")[1][:6]
    assert look.contrast(f"#{better}", "#ffffff") >= 4.5
    for wrong in ({"text_colour": "red"}, {"image_hosts": "https://x.example/"}, {"image_hosts": "x"}):
        with pytest.raises(ValidationError):
            EmailBrand(site=site, **wrong).full_clean()
    EmailBrand(site=site, image_hosts="cdn.example.com\n").full_clean()
    for ground in (look.NIGHT["paper"], "#ffffff", "#000000", "#808080"):
        assert look.contrast(look.readable("#1d4ed8", ground), ground) >= 4.5


def newest(template: EmailTemplate) -> str:
    return template.versions.order_by("-number").first().text


def test_live_emails_keep_up(site: Site, django_capture_on_commit_callbacks: Any) -> None:
    """Publishing a fragment or a page, or saving the brand, makes new versions of the live emails that show it, and of
    no others; a draft changes nothing."""
    closing = fragment(text("<p>Old closing</p>"))
    page = site.root_page.add_child(instance=Page(title="Old title", slug="shown"))
    shows = make_template(block("fragment", fragment=closing.pk), block("page", page=page.pk, words="Read"))
    draft = make_template(block("fragment", fragment=closing.pk), live=False)
    closing.body = with_ids([text("<p>New closing</p>")])
    page.title = "New title"
    brand = EmailBrand(site=site, footer="Said below")
    above = fragment(text("<p>On top</p>"))

    def put_above() -> None:
        brand.above = above
        brand.save()

    for change, expected in (
        (closing.save_revision, "Old closing"),
        (lambda: closing.latest_revision.publish(), "New closing"),
        (page.save_revision, "Old title"),
        (lambda: page.latest_revision.publish(), "New title"),
        (brand.save, "Said below"),
        (put_above, "On top"),
    ):
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert expected in newest(shows)
        assert "Old closing" in newest(draft)
    assert newest(shows).startswith("On top")
    numbers = shows.versions.count()
    with django_capture_on_commit_callbacks(execute=True):
        brand.save()
    assert shows.versions.count() == numbers
    assert not EmailTemplate.objects.exclude(stale_at=None).exists()


def test_many_are_done_by_the_engine(
    site: Site, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a few are left to the engine, which does a batch at each look; one that fails keeps its version."""
    monkeypatch.setattr(refreshing, "AT_ONCE", 2)
    templates = [make_template() for _number in range(4)]
    EmailTemplate.objects.filter(pk=templates[0].pk).update(
        body=[{"type": "text", "value": "<p>{% if %}</p>", "id": "1"}]
    )
    with django_capture_on_commit_callbacks(execute=True):
        EmailBrand.objects.create(site=site, footer="Said below")
    assert ["Said below" in newest(template) for template in templates] == [False] * 4
    assert refreshing.refresh(NOW, limit=3) == 3
    assert refreshing.refresh(NOW) == 1
    assert refreshing.refresh(NOW) == 0
    assert ["Said below" in newest(template) for template in templates] == [False, True, True, True]


def test_fragment_in_use_is_kept(admin: Client) -> None:
    """The list says how many emails show a fragment; one that is shown is neither deleted nor unpublished."""
    closing, unused = fragment(text("<p>x</p>")), fragment(text("<p>y</p>"))
    for _number in range(2):
        make_template(block("fragment", fragment=closing.pk), compiled=False)
    viewset = EmailFragmentViewSet()
    listing = admin.get(reverse(viewset.get_url_name("list"))).content.decode()
    assert "2 email templates" in listing and "0 email templates" in listing
    for action in ("delete", "unpublish"):
        answer = admin.post(reverse(viewset.get_url_name(action), args=[closing.pk]), follow=True)
        assert "2 email templates show it" in answer.content.decode()
    closing.refresh_from_db()
    assert closing.live
    admin.post(reverse(viewset.get_url_name("delete"), args=[unused.pk]))
    assert not EmailFragment.objects.filter(pk=unused.pk).exists()


def test_pages_in_fragments_are_found(site: Site) -> None:
    """What a fragment leads to is led to by every email that shows it."""
    page = site.root_page.add_child(instance=Page(title="Shown", slug="shown"))
    closing = fragment(block("page", page=page.pk, words="Read"))
    template = make_template(block("fragment", fragment=closing.pk), compiled=False)
    other = make_template(block("page", page=page.pk, words="Read"), compiled=False)
    assert usage.of_content(Page, [page.pk]) == {page.pk: {template.pk, other.pk}}
    assert usage.of_page(page) == {template.pk, other.pk}


def test_segment_of_a_condition_is_kept(admin: Client) -> None:
    """A segment that a live email asks for is neither deleted nor unpublished; the email is named."""
    segment = Segment.objects.create(name="Readers", live=True)
    rule = block("in_segment", mode="in", segment=segment.pk)
    content = [text("<p>x</p>")]
    make_template(
        block("conditional", match="all", conditions=[rule], content=content, otherwise=[]),
        name="For readers",
    )
    for action in ("delete", "unpublish"):
        url = reverse(Segment.snippet_viewset.get_url_name(action), args=[segment.pk])
        assert "the email “For readers” asks for it" in admin.post(url, follow=True).content.decode()
    assert Segment.objects.get(pk=segment.pk).live


def test_html_needs_its_permission(client: Client) -> None:
    """Who may not write HTML keeps what others wrote, and cannot add any; who may, can."""
    template = make_template({"type": "html", "value": "<p>theirs</p>"}, text("<p>x</p>"))
    template.save_revision()
    user = get_user_model().objects.create_user("editor", "editor@example.com", "secret")
    group = Group.objects.create(name="Writers")
    codes = ["access_admin", "change_emailtemplate", "add_emailtemplate"]
    group.permissions.add(*Permission.objects.filter(codename__in=codes))
    user.groups.add(group)
    client.force_login(user)
    url = reverse(type(template).snippet_viewset.get_url_name("edit"), args=[template.pk])

    def save(html: str) -> bool:
        data = {
            "name": "A", "subject": "Hi", "missing": "fail", "body-count": "1", "body-0-type": "html", "body-0-order": "0",
            "body-0-deleted": "", "body-0-id": "8b9e7b0c-5a53-4d1c-8f7c-1f8f7a0b4c11", "body-0-value": html,
        }  # fmt: skip
        answer = client.post(url, data)
        return answer.status_code == 302

    assert save("<p>theirs</p>")
    assert not save("<p>mine</p>")
    group.permissions.add(Permission.objects.get(codename="use_raw_html"))
    assert save("<p>mine</p>")


def test_settings_page(admin: Client, site: Site) -> None:
    """The brand is edited among the site's settings; a colour that cannot be read is said at its field."""
    url = reverse("wagtailsettings:edit", args=["wagtail_journeys", "emailbrand", site.pk])
    page = admin.get(url)
    assert page.status_code == 200 and 'type="color"' in page.content.decode()
    data = {
        "text_colour": "#eeeeee", "paper_colour": "#ffffff", "background_colour": "#ffffff", "link_colour": "#1d4ed8",
        "button_colour": "#1d4ed8", "button_text_colour": "#ffffff", "font": "system", "logo_width": "160",
        "social-count": "0",
    }  # fmt: skip
    assert "too little to read" in admin.post(url, data).content.decode()
    admin.post(url, {**data, "text_colour": "#222222"})
    assert EmailBrand.objects.get(site=site).text_colour == "#222222"
