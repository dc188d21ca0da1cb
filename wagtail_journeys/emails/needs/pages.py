"""Which pages of the site to show to the receiver: chosen ones, or those that a rule finds."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Count, Max, QuerySet

from wagtail_journeys.emails.pages import Card, cards
from wagtail_journeys.events import catalogue, places
from wagtail_journeys.events.models import Event

from . import registry
from .base import Asked, Need

#: Out of how many pages a list is chosen, where contacts see different ones.
POOL = 60
#: The tree's root and the home pages are never shown.
HOME_DEPTH = 2


@registry.register
class Pages(Need):
    key = "pages"

    def answer(
        self, params: dict[str, Any], asked: Sequence[Asked], now: datetime.datetime
    ) -> dict[int, dict[str, Any]]:
        if not asked:
            return {}
        pool = _pool(params, asked[0].language, now)
        order = [page.pk for page in pool]
        number = params["number"]
        because = params["rule"] == "because"
        readers = {one.contact for one in asked if one.contact}
        last = _last_read(params, readers, now) if because else {}
        likeness = _Likeness(pool, last.values()) if because else None
        seen = _seen(readers, pool) if params["unseen"] or because else {}
        chosen: dict[int, tuple[list[int], str]] = {}
        for one in asked:
            mine, title = order, ""
            if likeness is not None:
                mine, title = (
                    likeness.to(last.get(one.contact, 0))
                    if one.contact
                    else (order, pool[0].title if pool else "")
                )
            if params["unseen"]:
                gone = seen.get(one.contact, ())
                mine = [pk for pk in mine if pk not in gone]
            chosen[one.message] = (mine[:number], title)
        wanted = {pk for ids, _title in chosen.values() for pk in ids}
        shown = _cards([page for page in pool if page.pk in wanted], asked[0].base_url, params["image"])
        return {
            message: {"items": [shown[pk] for pk in ids if pk in shown], "because": title if ids else ""}
            for message, (ids, title) in chosen.items()
        }


def _visible(language: str) -> QuerySet[Any]:
    return (
        places.page_model()
        .objects.live()
        .public()
        .filter(locale__language_code=language, depth__gt=HOME_DEPTH)
    )


def _pool(params: dict[str, Any], language: str, now: datetime.datetime) -> list[Any]:
    """The pages that may be shown, best first."""
    rule = params["rule"]
    most = POOL if params["unseen"] or rule == "because" else params["number"]
    found = _visible(language)
    if rule == "chosen":
        return _chosen(found, params["pages"])
    if params["section"]:
        found = found.filter(pk__in=places.section_ids(params["section"])).exclude(
            pk__in=places.page_ids(params["section"])
        )
    if rule == "tag":
        found = found.filter(pk__in=places.tagged_ids(params["tag"] or 0))
    if rule == "viewed":
        return _most_viewed(found, params["days"], most, now)
    return list(found.order_by("-first_published_at", "-pk")[:most])


def _chosen(found: QuerySet[Any], ids: Sequence[int]) -> list[Any]:
    keys = dict(places.page_model().objects.filter(pk__in=ids).values_list("pk", "translation_key"))
    by_key = {page.translation_key: page for page in found.filter(translation_key__in=keys.values())}
    return [by_key[keys[pk]] for pk in dict.fromkeys(ids) if keys.get(pk) in by_key]


def _most_viewed(found: QuerySet[Any], days: int, most: int, now: datetime.datetime) -> list[Any]:
    views = Event.objects.filter(
        name=catalogue.PAGE_VIEW,
        occurred_at__gte=now - datetime.timedelta(days=days),
        occurred_at__lte=now,
        page_id__in=found.order_by().values("pk"),
    )
    rows = views.order_by().values("page_id").annotate(times=Count("pk")).order_by("-times", "-page_id")
    ids = [row["page_id"] for row in rows[:most]]
    pages = found.in_bulk(ids)
    return [pages[pk] for pk in ids if pk in pages]


def _seen(contacts: Collection[int], pool: Sequence[Any]) -> dict[int, set[int]]:
    """For each contact the pages of the pool viewed already, in whatever language."""
    by_key = {page.translation_key: page.pk for page in pool}
    if not by_key or not contacts:
        return {}
    rows = places.page_model().objects.filter(translation_key__in=by_key)
    mine = {pk: by_key[key] for pk, key in rows.values_list("pk", "translation_key")}
    views = Event.objects.filter(contact__in=contacts, name=catalogue.PAGE_VIEW, page_id__in=mine)
    found: dict[int, set[int]] = defaultdict(set)
    for contact, page in views.order_by().values_list("contact_id", "page_id").distinct():
        found[contact].add(mine[page])
    return found


def _last_read(params: dict[str, Any], contacts: Collection[int], now: datetime.datetime) -> dict[int, int]:
    """For each contact the page viewed last, inside of the section."""
    views = Event.objects.filter(
        contact__in=contacts,
        name=catalogue.PAGE_VIEW,
        occurred_at__gte=now - datetime.timedelta(days=params["days"]),
        occurred_at__lte=now,
    )
    readable = places.page_model().objects.live().filter(depth__gt=HOME_DEPTH)
    if params["section"]:
        readable = readable.filter(pk__in=places.section_ids(params["section"])).exclude(
            pk__in=places.page_ids(params["section"])
        )
    views = views.filter(page_id__in=readable.order_by().values("pk"))
    last = views.order_by().values("contact_id").annotate(last=Max("pk")).values("last")
    rows = Event.objects.filter(pk__in=last).values_list("contact_id", "page_id")
    return {contact: page for contact, page in rows if contact and page}


class _Likeness:
    """Which pages of the pool are like a page: with tags in common, or beside it; what is neither is not."""

    def __init__(self, pool: Sequence[Any], read: Collection[int | None]) -> None:
        Page = places.page_model()
        keys = Page.objects.filter(pk__in={pk for pk in read if pk}).values_list(
            "pk", "translation_key", "title"
        )
        self.key = {pk: key for pk, key, _title in keys}
        self.title = {pk: title for pk, _key, title in keys}
        everyone = Page.objects.filter(translation_key__in=set(self.key.values()))
        rows = list(everyone.values_list("pk", "translation_key", "path", "title", "locale_id"))
        ids = {page.pk for page in pool} | {row[0] for row in rows}
        self.tags = places.tags_of(ids)
        self.pool = pool
        self.same: dict[Any, list[tuple[int, str]]] = defaultdict(list)
        language = pool[0].locale_id if pool else None
        for pk, key, path, title, locale in rows:
            self.same[key].append((pk, path))
            if locale == language:
                self.title |= {mine: title for mine, other in self.key.items() if other == key}
        self._known: dict[int, tuple[list[int], str]] = {}

    def to(self, page: int) -> tuple[list[int], str]:
        """The ids of the pages like this one, the most alike first, and its title in the language of the pool."""
        if page not in self.key:
            return [], ""
        if page not in self._known:
            self._known[page] = self._find(page)
        return self._known[page]

    def _find(self, page: int) -> tuple[list[int], str]:
        key = self.key[page]
        tags = set().union(*(self.tags.get(pk, set()) for pk, _path in self.same[key]))
        parents = {path[: -type(self.pool[0]).steplen] for _pk, path in self.same[key]}
        scored = []
        for place, other in enumerate(self.pool):
            if other.translation_key == key:
                continue
            common = len(tags & self.tags.get(other.pk, set()))
            beside = other.path[: -type(self.pool[0]).steplen] in parents
            if common or beside:
                scored.append((-common, not beside, place, other.pk))
        return [pk for *_score, pk in sorted(scored)], self.title[page]


def _cards(pages: Sequence[Any], base_url: str, spec: str) -> dict[int, Card]:
    """With their own fields. One statement for each type among the pages, whatever their number."""
    if not pages:
        return {}
    own = list(places.page_model().objects.filter(pk__in=[page.pk for page in pages]).specific())
    return cards(own, base_url, spec)
