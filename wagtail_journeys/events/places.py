"""Pages as editors mean them: this page in any language, or anything below a section in any language."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from wagtail.models import AbstractPage


def page_model() -> type[AbstractPage]:
    import swapper

    return swapper.load_model("wagtailcore", "Page")


def page_ids(page_id: int) -> QuerySet:
    """Ids of the page and its translations, as a query to select from."""
    Page = page_model()
    key = Page.objects.filter(pk=page_id).values("translation_key")
    return Page.objects.filter(translation_key__in=key).values("pk")


def section_ids(page_id: int) -> QuerySet:
    """Ids of the page, its translations and every page below one of them, as a query. Costs one statement itself."""
    Page = page_model()
    paths = list(Page.objects.filter(pk__in=page_ids(page_id)).values_list("path", flat=True))
    below = Q(pk__in=[])
    for path in paths:
        below |= Q(path__startswith=path)
    return Page.objects.filter(below).values("pk")


class Places:
    """The pages of one batch of events and those that campaigns name, loaded at once: at most two statements."""

    def __init__(self, page_ids: Iterable[int]) -> None:
        Page = page_model()
        wanted = {page_id for page_id in page_ids if page_id}
        fields = ("pk", "path", "translation_key")
        found = list(Page.objects.filter(pk__in=wanted).values_list(*fields)) if wanted else []
        self._path = {pk: path for pk, path, _key in found}
        self._key = {pk: key for pk, _path, key in found}
        keys = set(self._key.values())
        others = Page.objects.filter(translation_key__in=keys).values_list(*fields) if keys else []
        self._paths: dict[object, list[str]] = {}
        for _pk, path, key in others:
            self._paths.setdefault(key, []).append(path)

    def same(self, page_id: int | None, wanted: int) -> bool:
        """Whether ``page_id`` is the page ``wanted`` or a translation of it."""
        if page_id == wanted:
            return True
        return page_id in self._key and self._key[page_id] == self._key.get(wanted)

    def below(self, page_id: int | None, section: int) -> bool:
        """Whether ``page_id`` is the page ``section``, one of its translations, or below one."""
        path = self._path.get(page_id) if page_id else None
        if path is None:
            return page_id == section
        return any(path.startswith(start) for start in self._paths.get(self._key.get(section), []))
