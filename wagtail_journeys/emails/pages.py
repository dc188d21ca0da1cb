"""What an email shows of a page: its address, its picture, its summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict
from urllib.parse import urljoin

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _t
from wagtail.images import get_image_model

from wagtail_journeys.exceptions import TemplateError

#: Fields in which pages usually keep a few sentences about themselves, best first.
SUMMARIES = ("teaser", "summary", "introduction", "intro", "search_description")
SUMMARY_LENGTH = 240

#: What most mail programs cannot show is made into something that they can.
MAIL_FORMATS = ("jpg", "jpeg", "png", "gif")


class Card(TypedDict):
    """``None`` is nothing to Liquid; an empty text would be something."""

    title: str
    summary: str | None
    url: str
    image: str | None


def page_address(page: Any) -> str:
    url = page.localized.full_url
    if not url:
        raise TemplateError(_t("The page “%s” has no address on any site.") % page)
    return str(url)


def image_filter(image: Any, spec: str) -> str:
    extension = image.file.name.rpartition(".")[2].lower()
    return spec if extension in MAIL_FORMATS else f"{spec}|format-png"


def image_address(image: Any, spec: str = "width-1200") -> str:
    """The address of the image in the size of ``spec``: twice as many dots as it is wide, for sharp screens."""
    return str(image.get_rendition(image_filter(image, spec)).url)


def page_image_field(page: Any) -> Any:
    """The first field with an image that is filled in, in the order in which the page declares them."""
    for field in page._meta.get_fields():
        is_image = field.many_to_one and field.concrete and field.related_model is get_image_model()
        if is_image and getattr(page, field.attname) is not None:
            return field
    return None


def page_image(page: Any) -> Any:
    field = page_image_field(page)
    image = getattr(page, field.name) if field else None
    return None if image is None or image.is_svg() else image


def page_summary(page: Any) -> str:
    found = (getattr(page, name, "") for name in SUMMARIES)
    return next((text.strip() for text in found if isinstance(text, str) and text.strip()), "")


def short(text: str, most: int = SUMMARY_LENGTH) -> str:
    """One line, cut between two words."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: line.rfind(" ", 0, most) if " " in line[:most] else most].rstrip(",;:–- ") + "…"


def cards(pages: Sequence[Any], base_url: str, spec: str) -> dict[int, Card]:
    """What lists show of these pages (of their own class), by id; those without an address are left out.

    ``spec`` is the size of their images; "" without any.

    The number of statements depends on nothing but the sizes of images that are made for the first time.
    """
    prefetch_related_objects(pages, "locale")
    fields = {page.pk: page_image_field(page) if spec else None for page in pages}
    ids = {getattr(page, field.attname) for page in pages if (field := fields[page.pk])}
    images = _images(ids, spec) if ids else {}
    found: dict[int, Card] = {}
    for page in pages:
        url = page.full_url
        if not url:
            continue
        field = fields[page.pk]
        image = images.get(getattr(page, field.attname), "") if field else ""
        found[page.pk] = {
            "title": short(page.title),
            "summary": short(page_summary(page)) or None,
            "url": urljoin(base_url, url),
            "image": urljoin(base_url, image) if image else None,
        }
    return found


def _images(ids: set[int], spec: str) -> dict[int, str]:
    specs = [spec, f"{spec}|format-png"]
    images = get_image_model()._default_manager.filter(pk__in=ids).prefetch_renditions(*specs)
    return {
        image.pk: image.get_rendition(image_filter(image, spec)).url for image in images if not image.is_svg()
    }
