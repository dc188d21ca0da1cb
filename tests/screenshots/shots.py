"""What is photographed, and how to get there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, Model
from django.urls import reverse
from playwright.sync_api import FrameLocator, Page, expect

from example_site.website.models import GuidePage
from wagtail_journeys.emails.links import unsubscribe_url
from wagtail_journeys.models import Campaign, Contact, EmailTemplate, Message, Segment


@dataclass(frozen=True)
class Shot:
    name: str
    #: Brings the page to what is to be seen.
    go: Callable[[Page], None]
    dark: bool = False
    logged_in: bool = True
    #: Where the usual one would mostly show emptiness.
    height: int | None = None


def admin_url(model: type[Model], view: str, thing: Model) -> str:
    return reverse(model.snippet_viewset.get_url_name(view), args=[thing.pk])  # type: ignore[attr-defined]


def edit_with_preview(page: Page, thing: Model, width: int) -> FrameLocator:
    """Edit the thing with the preview panel open, so wide, as it is for an editor who left it open."""
    page.add_init_script(
        f"localStorage.setItem('wagtail:side-panel-open', 'preview');"
        f"localStorage.setItem('wagtail:side-panel-width', '{width}');"
    )
    page.goto(admin_url(type(thing), "edit", thing))
    return page.frame_locator("#w-preview-iframe")


def campaign(page: Page) -> None:
    preview = edit_with_preview(page, Campaign.objects.get(name="Guide follow-up"), 560)
    expect(preview.locator(".wj-flow-chart")).to_be_visible()
    page.get_by_role("heading", name="Steps").evaluate("heading => heading.scrollIntoView()")


def segment(page: Page) -> None:
    preview = edit_with_preview(page, Segment.objects.get(name="Compares prices"), 520)
    expect(preview.locator("h1")).to_be_visible()
    page.get_by_role("heading", name="Rules").first.evaluate("heading => heading.scrollIntoView()")


def template(page: Page) -> None:
    english = EmailTemplate.objects.get(name="Guide: thank you", locale__language_code="en")
    preview = edit_with_preview(page, english, 560)
    expect(preview.locator("h1")).to_be_visible()


def statistics(page: Page) -> None:
    page.goto(admin_url(Campaign, "stats", Campaign.objects.get(name="Guide follow-up")))


def reader() -> Contact:
    """An English-speaking contact with the longest story."""
    known = Contact.objects.filter(locale="en")
    return known.annotate(letters=Count("messages")).order_by("-letters", "pk")[0]


def contact(page: Page) -> None:
    page.goto(reverse("journeys_contacts:inspect", args=[reader().pk]))


def letter() -> Message:
    return reader().messages.filter(state="sent", topic__isnull=False).order_by("pk")[0]


def message(page: Page) -> None:
    page.goto(reverse("journeys_messages:inspect", args=[letter().pk]))
    expect(page.frame_locator("iframe.wj-email").locator("h1")).to_be_visible()


def site(page: Page) -> None:
    guide = GuidePage.objects.filter(locale__language_code="en").order_by("pk")[0]
    page.goto(guide.get_url())


def unsubscribe(page: Page) -> None:
    page.goto(unsubscribe_url(letter().uuid, ""))


SHOTS = [
    Shot("campaign", campaign, dark=True),
    Shot("statistics", statistics, dark=True),
    Shot("segment", segment),
    Shot("template", template),
    Shot("contact", contact, dark=True),
    Shot("message", message),
    Shot("site", site, logged_in=False),
    Shot("unsubscribe", unsubscribe, dark=True, logged_in=False, height=520),
]
