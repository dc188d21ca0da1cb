"""What happened, in words: titles of pages and documents, and the sentences of steps, looked up for a whole page at once."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Substr
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _t
from wagtail.documents import get_document_model

from wagtail_journeys.campaigns import arms
from wagtail_journeys.campaigns import words as naming
from wagtail_journeys.campaigns.models import CampaignVersion
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.places import page_model
from wagtail_journeys.exceptions import JourneysError

#: Seconds for which the sentences of a version are kept: they name templates and segments, which can be renamed.
KEPT = 600
#: Depth of a section in the page tree: root, home, section.
SECTION_DEPTH = 3
#: Properties of an event shown on the timeline, and how much of each.
SHOWN_PROPERTIES = 6
SHOWN_LENGTH = 80


@dataclass(frozen=True)
class StepWords:
    """What a step does, in words: its sentence, its icon, the names of the ways out, and what is waited for there."""

    text: str
    icon: str = "cog"
    arms: dict[str, str] = field(default_factory=dict)
    awaits: str = ""


def step_words(node: Mapping[str, Any]) -> StepWords:
    """The words for one step of a compiled graph; a step whose kind is gone says so."""
    try:
        step = registry[node["type"]]
        text = step.describe(node["params"])
    except (JourneysError, KeyError, TypeError, ValueError):
        return StepWords(_t("a step that cannot be read (%s)") % node.get("type", "?"), "warning")
    return StepWords(text, step.icon, arms.labels(step, node["params"]), str(step.awaits))


def graph_words(version_id: int, graph: Mapping[str, Any]) -> dict[str, StepWords]:
    """The words for a version's steps by step id, in the reader's language.

    Steps look up the names that they mention, so the words of a version are kept for ten minutes.
    """
    key = _key(version_id)
    found = cache.get(key)
    if found is None:
        with naming.known(graph["nodes"]):
            found = {step_id: step_words(node) for step_id, node in graph["nodes"].items()}
        cache.set(key, found, KEPT)
    return found


def words_of(version_ids: Iterable[int]) -> dict[int, dict[str, StepWords]]:
    """The same for many versions: one statement for those that are not kept."""
    keys = {_key(pk): pk for pk in set(version_ids)}
    found = {keys[key]: words for key, words in cache.get_many(keys).items()}
    missing = set(keys.values()) - found.keys()
    if missing:
        for pk, graph in CampaignVersion.objects.filter(pk__in=missing).values_list("pk", "graph"):
            found[pk] = graph_words(pk, graph)
    return found


def _key(version_id: int) -> str:
    return f"wagtail_journeys:steps:{version_id}:{get_language()}"


@dataclass
class Titles:
    """Titles of pages, of the sections they are in, and of documents."""

    pages: dict[int, str] = field(default_factory=dict)
    sections: dict[int, str] = field(default_factory=dict)
    documents: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Titles:
        """The titles that these events need: one statement, or none."""
        events = list(events)
        page_ids = {event.page_id for event in events if event.page_id}
        document_ids = {event.document_id for event in events if event.document_id}
        titles = cls()
        if not page_ids and not document_ids:
            return titles
        Page = page_model()
        length = SECTION_DEPTH * Page.steplen
        seen = Page.objects.filter(pk__in=page_ids)
        sections = seen.order_by().values(section=Substr("path", 1, length))
        columns = ("kind", "pk", "title", "place")
        pages = (
            Page.objects.filter(Q(pk__in=page_ids) | Q(path__in=sections))
            .order_by()
            .annotate(kind=Value("page", output_field=CharField()), place=F("path"))
            .values_list(*columns)
        )
        documents = (
            get_document_model()
            .objects.filter(pk__in=document_ids)
            .order_by()
            .annotate(
                kind=Value("document", output_field=CharField()), place=Value("", output_field=CharField())
            )
            .values_list(*columns)
        )
        by_path: dict[str, str] = {}
        paths: dict[int, str] = {}
        for kind, pk, title, path in pages.union(documents, all=True):
            if kind == "document":
                titles.documents[pk] = title
            else:
                by_path[path] = titles.pages[pk] = title
                paths[pk] = path
        titles.sections = {
            pk: by_path[path[:length]]
            for pk, path in paths.items()
            if len(path) > length and path[:length] in by_path
        }
        return titles


def event_sentence(event: Event, titles: Titles) -> str:
    """ "Downloaded a document: “Insulation guide”, in section “Guides”." """
    words = catalogue.label(event.name)
    parts = []
    if event.name in catalogue.BY_MACHINES_TOO:
        parts.append(f"“{event.properties.get('template_name') or '…'}”")
        who = event.properties.get("verdict")
        if who != catalogue.HUMAN:
            parts.append(_t("by a program") if who == "automated" else _t("perhaps by a program"))
    if event.document_id:
        document = titles.documents.get(event.document_id) or _given(event) or _t("a deleted document")
        parts.append(f"“{document}”")
    if event.page_id:
        title = titles.pages.get(event.page_id)
        if title is None:
            parts.append(f"“{_given(event)}”" if _given(event) and not parts else _t("on a deleted page"))
        elif parts or event.name != catalogue.PAGE_VIEW:
            parts.append(_t("on page “%s”") % title)
        else:
            parts.append(f"“{title}”")
        if section := titles.sections.get(event.page_id):
            parts.append(_t("in section “%s”") % section)
    elif event.url and not parts:
        parts.append(event.url[:200])
    return sentence(f"{words}: {', '.join(parts)}" if parts else words)


def _given(event: Event) -> str:
    return str(event.properties.get("title") or "")[:SHOWN_LENGTH]


def event_detail(event: Event) -> str:
    """The first properties of an event by name, for the line below its sentence (databases keep no order)."""
    shown = [
        f"{name}: {str(value)[:SHOWN_LENGTH]}"
        for name, value in sorted(event.properties.items())
        if value not in (None, "", [], {}) and name != "title"
    ]
    rest = len(shown) - SHOWN_PROPERTIES
    if rest > 0:
        shown = [*shown[:SHOWN_PROPERTIES], ngettext("%d more", "%d more", rest) % rest]
    return " · ".join(shown)


def sentence(text: str) -> str:
    """With a capital letter at the start and a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def duration(length: datetime.timedelta) -> str:
    """ "4 min", "3 h 5 min", "2 d 1 h": the two largest units, never nothing."""
    minutes = max(int(length.total_seconds()), 0) // 60
    if minutes < 1:
        return _t("%d s") % max(int(length.total_seconds()), 0)
    days, rest = divmod(minutes, 60 * 24)
    hours, minutes = divmod(rest, 60)
    parts = [(_t("%d d"), days), (_t("%d h"), hours), (_t("%d min"), minutes)]
    start = next(i for i, (_unit, number) in enumerate(parts) if number)
    return " ".join(unit % number for unit, number in parts[start : start + 2] if number)
