"""What an editor's hands do in Wagtail's forms, so that a test reads as what the editor wanted."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import FrameLocator, Locator, Page, expect


def open_menu(page: Page, *names: str) -> None:
    """Walk through the admin menu: ``open_menu(page, "Journeys", "Segments")``."""
    sidebar = page.locator("#wagtail-sidebar")
    *outer, last = names
    for name in outer:
        button = sidebar.get_by_role("button", name=name, exact=True)
        if button.get_attribute("aria-expanded") != "true":
            button.click()
    sidebar.get_by_role("link", name=last, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(last)


def part(inside: Page | Locator, name: str) -> Locator:
    """A field, a stream or an arm, by its name in the data; the outermost of that name."""
    return inside.locator(f'[data-contentpath="{name}"]').first


def add_block(stream: Locator, label: str) -> Locator:
    """Insert a block at the end of the stream and return it; the locator still finds it when others have come."""
    container = stream.locator("[data-streamfield-stream-container]").first
    blocks = container.locator("> [data-streamfield-child]")
    before = blocks.count()
    container.locator("> div > button.c-sf-add-button").last.click()
    stream.page.get_by_role("option", name=label, exact=True).click()
    expect(blocks).to_have_count(before + 1)
    return container.locator(f'> [data-contentpath="{blocks.last.get_attribute("data-contentpath")}"]')


def choose(chooser: Locator, button: str, title: str) -> None:
    """Choose a snippet, page or document in its dialog."""
    page = chooser.page
    chooser.get_by_role("button", name=button).click()
    dialog = page.locator(".modal-dialog")
    dialog.get_by_role("link", name=title).first.click()
    expect(dialog).to_have_count(0)
    expect(chooser).to_contain_text(title)


def preview(page: Page) -> FrameLocator:
    """The preview beside the form, opened if need be."""
    toggle = page.get_by_role("button", name="Toggle preview")
    if toggle.get_attribute("aria-expanded") != "true":
        toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    return page.frame_locator("#w-preview-iframe")


def preview_says(page: Page, inside: Callable[[FrameLocator], Locator], words: str) -> FrameLocator:
    """Wait until the preview says ``words``. A preview that is behind is closed and opened again, as a person would do."""
    for attempt in range(3):
        beside = preview(page)
        try:
            expect(inside(beside)).to_contain_text(words, timeout=10_000)
            break
        except AssertionError:
            if attempt == 2:
                raise
            page.get_by_role("button", name="Toggle preview").click()
            # It closes in half a second; whoever opens it earlier has closed it for a second time.
            expect(page.locator('[data-side-panel="preview"]')).to_be_hidden()
    return beside


def publish(page: Page) -> None:
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Publish", exact=True).click()


def confirm(page: Page) -> None:
    """Publish a campaign on its review."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("Review")
    page.locator(".wj-review__form").get_by_role("button", name="Publish").click()
    published(page)


def published(page: Page) -> None:
    """Wagtail says that it has gone live."""
    expect(page.locator(".messages .success")).to_contain_text(
        re.compile("created and published|updated and published|published")
    )


def type_into(editor: Locator, text: str) -> None:
    """Write into a rich text field."""
    box = editor.get_by_role("textbox")
    box.click()
    box.press_sequentially(text)


def fill(page: Page, label: str, text: str) -> None:
    """Fill a field of the form itself (not of a block), and leave it; required ones carry a star."""
    field = page.get_by_role("textbox", name=re.compile(rf"^{label}\*?$")).first
    field.fill(text)
    field.blur()
