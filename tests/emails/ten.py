"""Ten emails that have every block between them: those of the example site, to somebody who has been there.

``python -m tests.emails.ten DIRECTORY`` draws them in Chromium as phones and desktops show them, light and dark.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from wagtail_journeys.emails.liquid import Rendered

#: The mail program's width in CSS pixels.
WIDTHS = {"phone": 375, "desktop": 800}


class Email(NamedTuple):
    name: str
    rendered: Rendered


def make() -> list[Email]:
    """The example site's emails, filled in. Needs an empty database, and loads the site into it."""
    from django.core.management import call_command
    from wagtail.documents import get_document_model

    from example_site.demo.emails import all_emails, page
    from tests.emails.making import NOW, make_contact, make_topic, queue
    from wagtail_journeys.emails import rendering
    from wagtail_journeys.events.models import Event

    call_command("load_site", stdout=StringIO())
    templates = all_emails()
    topic = make_topic()
    ann = make_contact(first_name="Ann", locale="en", points=12)
    joost = make_contact(first_name="Joost", locale="nl", points=12)
    products = [
        {"name": "Draught strip, 12 metres", "price": 14.95, "quantity": 2, "url": "/shop/strip"},
        {
            "name": "Radiator foil",
            "price": 8.5,
            "quantity": 1,
            "image_url": "/media/original_images/logo.png",
        },
    ]
    order = Event.objects.create(
        source="test", message_id="order", name="order_completed", contact=ann, occurred_at=NOW, received_at=NOW,
        properties={"currency": "EUR", "products": products},
    )  # fmt: skip
    guide = get_document_model().objects.get(title="Solar panels without the sales talk")
    download = Event.objects.create(
        source="test", message_id="download", name="document_download", contact=ann, occurred_at=NOW, received_at=NOW,
        document_id=guide.pk,
    )  # fmt: skip
    for number, slug in enumerate(["insulate-first", "the-50-degree-test", "the-50-degree-test"]):
        Event.objects.create(
            source="test", message_id=f"view-{number}", name="page_view", contact=ann, occurred_at=NOW, received_at=NOW,
            page_id=page(slug).pk,
        )  # fmt: skip
    found: list[Email] = []
    for name, template in templates.items():
        about = order if name.startswith("Order") else download
        found += _filled_in(name, template, ann, about.pk, topic, rendering, queue, NOW)
    dutch = templates["Newsletter: welcome"]
    return [
        *found,
        *_filled_in("Nieuwsbrief: welkom", dutch, joost, download.pk, topic, rendering, queue, NOW),
    ]


def _filled_in(name, template, contact, event, topic, rendering, queue, now) -> list[Email]:  # type: ignore[no-untyped-def]
    messages = queue(template, contact, topic=topic, entry_event=event)
    versions = rendering.choose_versions(messages)
    contexts = rendering.build_contexts(messages, versions, now)
    return [Email(name, rendering.render(versions[one.pk], contexts[one.pk])) for one in messages]


def slug(name: str) -> str:
    return name.lower().replace(": ", "-").replace(" ", "-")


def draw(emails: list[Email], directory: Path, chromium: str) -> None:
    """Pictures of the emails, with their images from the site's own files."""
    from django.conf import settings
    from playwright.sync_api import Route

    from tests.support.browsing import browsing

    def fulfil(route: Route) -> None:
        path = Path(settings.MEDIA_ROOT) / unquote(urlsplit(route.request.url).path).removeprefix(
            settings.MEDIA_URL
        )
        route.fulfill(path=path) if path.is_file() else route.abort()

    directory.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        with browsing(chromium, "http://localhost", color_scheme=scheme) as visitor:
            page = visitor.new_page()
            page.route("**/*", fulfil)
            for email in emails:
                for device, width in WIDTHS.items():
                    page.set_viewport_size({"width": width, "height": 600})
                    page.set_content(email.rendered.html, wait_until="networkidle")
                    ending = "" if scheme == "light" else "-dark"
                    page.screenshot(
                        path=directory / f"{slug(email.name)}-{device}{ending}.png", full_page=True
                    )


def main(directory: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    from tests.support.database import remove_directory
    from tests.support.services import chromium

    path = chromium()
    if path is None:
        print("No Chromium on PATH: install one, or set TEST_CHROMIUM.", file=sys.stderr)
        return 1
    settings.TEST_DIR.mkdir(parents=True, exist_ok=True)
    made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
    try:
        draw(make(), Path(directory), path)
    finally:
        teardown_databases(made, verbosity=0)
        remove_directory()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
