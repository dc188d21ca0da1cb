"""Pages as editors mean them: this page in any language, or anything below a section in any language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from taggit.managers import TaggableManager
from taggit.models import Tag
from wagtail.documents import get_document_model
from wagtail.models import AbstractPage, Collection, Site, get_page_models
from wagtail.models.sites import SiteRootPath

from wagtail_journeys.events import catalogue

#: Events whose address is that of the page they are about.
ON_PAGES = frozenset({catalogue.PAGE_VIEW, catalogue.PAGE_LEFT})


def page_model() -> type[AbstractPage]:
    import swapper

    return swapper.load_model("wagtailcore", "Page")


class Placed(Protocol):
    """What is needed of an event: where it says it happened."""

    name: str
    site_id: int | None
    page_id: int | None
    url: str


def find(events: Iterable[Placed]) -> None:
    """Set site and page of page views that come with an address only, as those of the API do.

    No statement where there are none, otherwise two at most: Wagtail keeps the sites in Django's cache.
    """
    wanted = [event for event in events if event.name in ON_PAGES and event.url and not event.page_id]
    if not wanted:
        return
    roots = [(urlsplit(root.root_url), root, prefix) for root, prefix in _roots()]
    where = {url: _candidates(url, roots) for url in {event.url for event in wanted}}
    paths = {path for candidates in where.values() for _site, path in candidates}
    pages = page_model().objects.filter(url_path__in=paths, live=True).values_list("url_path", "pk")
    known = dict(pages) if paths else {}
    for event in wanted:
        for site, path in where[event.url]:
            if path in known and event.site_id in (None, site):
                event.site_id, event.page_id = site, known[path]
                break


def _roots() -> Iterator[tuple[SiteRootPath, str]]:
    """The root of every site in each of its languages, with what the address of a page there begins with."""
    for root in Site.get_site_root_paths():
        with translation.override(root.language_code):
            try:
                yield root, reverse("wagtail_serve", args=("",))
            except NoReverseMatch:
                continue


def _candidates(url: str, roots: list[tuple[SplitResult, SiteRootPath, str]]) -> list[tuple[int, str]]:
    """(site, path in the tree) that an address may stand for: those of its host, the ones of its port first."""
    try:
        given = urlsplit(url)
        port = given.port
    except ValueError:
        return []
    path = unquote(given.path).rstrip("/") + "/"
    found: list[tuple[bool, int, str]] = []
    for at, root, prefix in roots:
        if given.hostname == at.hostname and path.startswith(prefix):
            rest = path.removeprefix(prefix)
            found.append((port != at.port, root.site_id, root.root_path + rest))
    return [(site, place) for _other_port, site, place in sorted(found, key=lambda one: one[0])]


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


def type_ids(label: str) -> QuerySet:
    """Ids of all pages of a type ("blog.article" as app and model), and of the types made from it."""
    Page = page_model()
    try:
        wanted = apps.get_model(label)
    except (LookupError, ValueError):  # the app is not installed any more
        return Page.objects.none().values("pk")
    models = [model for model in get_page_models() if issubclass(model, wanted)]
    types = ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
    return Page.objects.filter(content_type_id__in=[found.pk for found in types]).values("pk")


def tagged_ids(tag_id: int) -> QuerySet:
    """Ids of all pages with a tag, and of their translations; ``tag_id`` is a taggit tag's.

    Page types with a tag model of their own are found by the name of the tag. Costs one statement itself.
    """
    Page = page_model()
    name = Tag.objects.filter(pk=tag_id).values_list("name", flat=True).first()
    tagged = Q(pk__in=[])
    for through, generic in _taggings():
        own = through._meta.get_field("tag").remote_field.model is not Tag
        rows = through._default_manager.filter(**{"tag__name": name} if own else {"tag_id": tag_id})
        if generic:
            types = ContentType.objects.get_for_models(*get_page_models(), for_concrete_models=False).values()
            ids = rows.filter(content_type_id__in=[found.pk for found in types]).values("object_id")
        else:
            ids = rows.values("content_object_id")
        tagged |= Q(pk__in=ids)
    keys = Page.objects.filter(tagged).values("translation_key")
    return Page.objects.filter(translation_key__in=keys).values("pk")


def tags_of(page_ids: set[int]) -> dict[int, set[str]]:
    """The names of the tags that each of these pages has. One statement for each tag model."""
    found: dict[int, set[str]] = {}
    for through, generic in _taggings():
        if generic:
            types = ContentType.objects.get_for_models(*get_page_models(), for_concrete_models=False).values()
            rows = through._default_manager.filter(
                content_type_id__in=[one.pk for one in types], object_id__in=page_ids
            ).values_list("object_id", "tag__name")
        else:
            rows = through._default_manager.filter(content_object_id__in=page_ids).values_list(
                "content_object_id", "tag__name"
            )
        for pk, name in rows:
            found.setdefault(pk, set()).add(name)
    return found


def _taggings() -> list[tuple[Any, bool]]:
    """The tables that say which page has which tag, and whether each is one for all models."""
    found: dict[Any, bool] = {}
    for model in get_page_models():
        for field in model._meta.many_to_many:
            if isinstance(field, TaggableManager):
                through = field.remote_field.through
                names = {one.name for one in through._meta.get_fields()}
                found[through] = "content_type" in names
    return list(found.items())


def document_ids(collection_id: int) -> QuerySet:
    """Ids of the documents in a collection and in those below it. Costs one statement itself."""
    documents = get_document_model().objects
    path = Collection.objects.filter(pk=collection_id).values_list("path", flat=True).first()
    if path is None:
        return documents.none().values("pk")
    return documents.filter(collection__path__startswith=path).values("pk")


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
