"""A real browser in front of a real site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

#: A busy machine may take its time; what is there at once costs nothing.
expect.set_options(timeout=30_000)


@contextmanager
def browsing(chromium: str, base_url: str, **context: object) -> Iterator[BrowserContext]:
    """A fresh browser profile whose addresses may begin with "/". ``context`` is Playwright's: color_scheme, viewport …

    Playwright's event loop runs in this thread, which Django takes for asynchronous code: the ORM is allowed all the
    same. It has connections of its own there, closed here: the next test has another database.
    """
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # Headless, Chromium says that it is a robot; the tests play people.
    person = (
        "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    )
    sandbox = [] if os.getuid() else ["--no-sandbox"]  # Chromium refuses its sandbox to root (containers)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=[*sandbox, person])
            try:
                yield browser.new_context(base_url=base_url, locale="en-GB", **context)
            finally:
                connections.close_all()
                browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


class Errors(list[str]):
    """What a page's scripts threw; a test that ends with any has failed."""

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")
