"""Our pages with the keyboard alone, and as axe-core sees them, in both of Wagtail's themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.browser.editing import part, preview
from tests.support.browsing import browsing, log_in
from tests.support.database import Database, temporary_copy
from tests.support.site import SiteHere
from wagtail_journeys.emails.links import unsubscribe_url
from wagtail_journeys.models import Campaign, EmailTemplate, EventDefinition, Message, Segment

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Wagtail's own furniture, in which we change nothing.
NOT_OURS = [
    ".w-minimap",  # the list of headings beside every long form: it scrolls, and takes no focus
    ".public-DraftEditor-content",  # the rich text editor, which Wagtail gives no name inside a stream
]


@pytest.fixture(scope="module")
def demo_site(django_db_setup: Database, django_db_blocker: pytest.FixtureDef) -> Iterator[SiteHere]:
    """The example site with a fortnight of marketing, for all tests of this module, which only look."""
    with django_db_blocker.unblock(), temporary_copy(django_db_setup):
        call_command("load_site", stdout=StringIO())
        call_command("load_demo", days=14, people=40, stdout=StringIO())
        with SiteHere() as site:
            yield site


@pytest.fixture(scope="module")
def editors(chromium_path: str, demo_site: SiteHere) -> Iterator[Callable[[str], Page]]:
    """``editors("dark")``: a page of an editor who is logged in and likes it dark."""
    with browsing(chromium_path, demo_site.url) as first:
        contexts: dict[str, BrowserContext] = {}

        def page(scheme: str) -> Page:
            if scheme not in contexts:
                contexts[scheme] = first.browser.new_context(
                    base_url=demo_site.url, locale="en-GB", color_scheme=scheme, reduced_motion="reduce"
                )
                log_in(contexts[scheme].new_page(), "editor", "password")
            return contexts[scheme].new_page()

        yield page


def edit(model: type) -> str:
    """The address of the editor of one of the demo's."""
    thing = {
        Campaign: Campaign.objects.filter(name="Guide follow-up"),
        Segment: Segment.objects.filter(name="Compares prices"),
        EmailTemplate: EmailTemplate.objects.filter(name="Guide: thank you"),
    }[model][0]
    return reverse(model.snippet_viewset.get_url_name("edit"), args=[thing.pk])


def statistics() -> str:
    campaign = Campaign.objects.get(name="Guide follow-up")
    return reverse(Campaign.snippet_viewset.get_url_name("stats"), args=[campaign.pk])


def compares() -> Segment:
    return Segment.objects.get(name="Compares prices")


def adding(query: str) -> str:
    return reverse("journeys_enrol", args=[Campaign.objects.get(name="Guide follow-up").pk]) + query


def sent() -> Message:
    return Message.objects.filter(state="sent", topic__isnull=False).order_by("pk")[0]


def seen_event() -> EventDefinition:
    return EventDefinition.objects.get(name="page_view")


PAGES: dict[str, Callable[[], str]] = {
    "campaigns": lambda: reverse(Campaign.snippet_viewset.get_url_name("list")),
    "a campaign": lambda: edit(Campaign),
    "the review of a campaign": lambda: edit(Campaign).replace("/edit/", "/review/"),
    "adding contacts": lambda: adding(""),
    "what adding a segment would do": lambda: adding(f"?segment={compares().pk}"),
    "campaigns to add a segment to": lambda: f"{reverse('journeys_enrol_choose')}?segment={compares().pk}",
    "statistics": statistics,
    "the contacts behind a number": lambda: (
        reverse("journeys_counted", args=[Campaign.objects.get(name="Guide follow-up").pk]) + "?of=entered"
    ),
    "segments": lambda: reverse(Segment.snippet_viewset.get_url_name("list")),
    "a segment": lambda: edit(Segment),
    "email templates": lambda: reverse(EmailTemplate.snippet_viewset.get_url_name("list")),
    "an email template": lambda: edit(EmailTemplate),
    "contacts": lambda: reverse("journeys_contacts:index"),
    "a contact": lambda: reverse("journeys_contacts:inspect", args=[sent().contact_id]),
    "events": lambda: reverse("journeys_events:index"),
    "an event": lambda: reverse("journeys_events:inspect", args=[seen_event().pk]),
    "the form of an event": lambda: reverse("journeys_events:edit", args=[seen_event().pk]),
    "messages": lambda: reverse("journeys_messages:index"),
    "a message": lambda: reverse("journeys_messages:inspect", args=[sent().pk]),
    "unsubscribing": lambda: unsubscribe_url(sent().uuid, ""),
}


def violations(frame: Frame) -> list[str]:
    """What axe-core finds serious or critical. Wagtail brings axe-core for its own checks of pages."""
    if not frame.evaluate("Boolean(window.axe)"):
        for script in ("vendor.js", "userbar.js"):
            frame.evaluate(Path(finders.find(f"wagtailadmin/js/{script}")).read_text())
    found = frame.evaluate(
        """async notOurs => {
            const report = await axe.run({ exclude: notOurs.filter(selector => document.querySelector(selector)) },
                { resultTypes: ["violations"] });
            return report.violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
                .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
        }""",
        NOT_OURS,
    )
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe(editors, name: str, scheme: str) -> None:
    """axe-core finds nothing serious of ours on the page."""
    page = editors(scheme)
    page.goto(PAGES[name]())
    assert violations(page.main_frame) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("model", "mode", "shows"),
    [
        (Campaign, None, ".wj-flow-chart"),
        (Segment, None, ".wj-number"),
        (EmailTemplate, "Plain text", "pre"),
        (EmailTemplate, "Inbox line", ".preheader"),
    ],
)
def test_axe_in_previews(editors, model: type, mode: str | None, shows: str, scheme: str) -> None:
    """Nor in the preview beside the form."""
    page = editors(scheme)
    page.goto(edit(model))
    beside = preview(page)
    if mode:
        expect(beside.get_by_role("heading").first).to_be_visible()
        page.get_by_label("Preview mode").select_option(mode)
    expect(beside.locator(shows)).to_be_visible()
    frame = page.locator("#w-preview-iframe").element_handle().content_frame()
    assert violations(frame) == []
    page.close()


#: What can be reached with the Tab key: of a group of radio buttons only the one that is chosen.
TABBABLE = """selector => [...document.querySelector(selector).querySelectorAll(
    'a[href], button, input, select, textarea, [tabindex="0"], [contenteditable="true"]')].filter(element =>
    element.checkVisibility({ visibilityProperty: true }) && !element.disabled && element.tabIndex >= 0
    && !(element.type === 'radio' && !element.checked) && element.type !== 'hidden'
    && !element.matches('[data-step]')  // the map is one stop, at whichever step was worked on last
).forEach((element, number) => element.setAttribute('data-tab', number)) || document.querySelectorAll('[data-tab]').length"""


@pytest.mark.parametrize(
    ("name", "area", "least"),
    [
        ("a segment", "form[data-edit-form]", 20),
        ("a campaign", "form[data-edit-form]", 30),
        ("statistics", "main", 5),
    ],
)
def test_tab_order(editors, name: str, area: str, least: int) -> None:
    """Tab reaches every control of the page, from top to bottom."""
    page = editors("light")
    page.goto(PAGES[name](), wait_until="networkidle")  # what is drawn after loading is there
    count = page.evaluate(TABBABLE, area)
    assert count >= least
    page.locator('[data-tab="0"]').focus()
    reached = []
    for _number in range(count * 2):
        at = page.evaluate("document.activeElement.getAttribute('data-tab')")
        if at is not None:
            reached.append(int(at))
        if at == str(count - 1):
            break
        page.keyboard.press("Tab")
    assert reached == list(range(count))
    page.close()


def test_a_step_with_the_keyboard(editors) -> None:
    """A step is inserted and filled in without a mouse."""
    page = editors("light")
    page.goto(reverse(Campaign.snippet_viewset.get_url_name("add")))
    steps = part(page, "steps")
    steps.get_by_role("button", name="Insert a block").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_placeholder("Search options…")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("Exit")
    page.keyboard.press("Enter")
    expect(steps.locator("[data-streamfield-child]")).to_have_count(1)
    expect(steps.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Enough")
    expect(steps.get_by_role("textbox")).to_have_value("Enough")
    page.close()
