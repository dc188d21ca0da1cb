"""Which live campaigns use a segment, an email template or a topic: what they use cannot be deleted or unpublished."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from wagtail.documents import get_document_model

from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.events import places
from wagtail_journeys.exceptions import BadRules, UnknownKey
from wagtail_journeys.registry import Registry
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments import usage as segment_usage
from wagtail_journeys.segments.models import Segment

from .chosen import chosen
from .models import Campaign, CampaignVersion
from .states import moving
from .steps import registry as steps
from .triggers import registry as triggers
from .versions import newest

KINDS: dict[str, type[Any]] = {"segment": Segment, "template": EmailTemplate, "topic": Topic}


def in_use(kind: str, ids: Collection[int]) -> dict[int, list[Campaign]]:
    """For each of these things the live campaigns of which a version uses it that contacts are in, or enter. One statement."""
    found: dict[int, list[Campaign]] = {pk: [] for pk in ids}
    # An old version goes on running for those who finish on it.
    Journey: Any = Campaign._meta.get_field("journeys").related_model
    active = Journey.objects.filter(campaign=OuterRef("campaign"), version=OuterRef("pk"), state="active")
    running = CampaignVersion.objects.filter(
        Q(campaign__live=True) | moving("campaign__"),
        Q(pk__in=newest()) | (Q(retired_at__isnull=True) & Exists(active)),
    )
    for version in running.select_related("campaign").order_by("campaign__name", "number"):
        used = references(version.graph).get(kind, set())
        if kind == "topic" and version.campaign.topic_id:
            used = used | {version.campaign.topic_id}
        for pk in used & found.keys():
            if version.campaign not in found[pk]:
                found[pk].append(version.campaign)
    return found


def of_segments(ids: Collection[int]) -> dict[int, list[Campaign]]:
    """For ``segments.usage``, which cannot look up here."""
    return in_use("segment", ids)


def references(graph: Mapping[str, Any]) -> dict[str, set[int]]:
    """What a version's graph uses, by kind: ``{"template": {3}, "segment": {1, 2}}``. No statements."""
    found: dict[str, set[int]] = {}

    def add(used: Mapping[str, Iterable[int]]) -> None:
        for kind, ids in used.items():
            found.setdefault(kind, set()).update(ids)

    add(_content(graph))
    kinds: list[tuple[Registry[Any], Any]] = [(steps, node) for node in (graph.get("nodes") or {}).values()]
    facts = [graph.get("trigger"), graph.get("goal"), *(graph.get("exits") or [])]
    kinds += [(triggers, fact) for fact in facts if fact]
    for registry, node in kinds:
        try:
            add(registry[node["type"]].references(node["params"]))
        except (BadRules, UnknownKey, KeyError, TypeError):
            continue  # a kind that is no longer installed uses nothing that we know of
    try:
        add({"segment": compiler.mentions((graph.get("filters") or {}).get("rules") or []).segments})
    except BadRules:
        pass
    return found


def _content(graph: Mapping[str, Any]) -> dict[str, set[int]]:
    """The pages and documents that are chosen anywhere in it."""
    pieces = {
        "steps": [
            {"type": node["type"], "value": node["params"]} for node in (graph.get("nodes") or {}).values()
        ],
        "filters": (graph.get("filters") or {}).get("rules") or [],
    }
    for name, facts in (("trigger", [graph.get("trigger")]), ("goal", [graph.get("goal")])):
        pieces[name] = [{"type": fact["type"], "value": fact["params"]} for fact in facts if fact]
    pieces["exits"] = [{"type": fact["type"], "value": fact["params"]} for fact in graph.get("exits") or []]
    found: dict[str, set[int]] = {"page": set(), "document": set()}
    for name, blocks in pieces.items():
        field: Any = Campaign._meta.get_field(name)
        for model, pk in chosen(field.stream_block, blocks):
            if issubclass(model, places.page_model()):
                found["page"].add(pk)
            elif issubclass(model, get_document_model()):
                found["document"].add(pk)
    return found


def _reasons(instances: Sequence[Any], sentence: str) -> list[str]:
    found = []
    for kind, model in KINDS.items():
        mine = [instance for instance in instances if isinstance(instance, model)]
        campaigns = in_use(kind, {instance.pk for instance in mine}) if mine else {}
        for instance in mine:
            if campaigns[instance.pk]:
                names = ", ".join(f"“{campaign}”" for campaign in campaigns[instance.pk])
                found.append(sentence % {"thing": instance, "names": names})
    return found


def against_deleting(instances: Sequence[Any]) -> list[str]:
    """Why these cannot be deleted; empty when they can."""
    reasons = _reasons(
        instances, _t("“%(thing)s” cannot be deleted: it is used by the live campaign %(names)s.")
    )
    topics = [instance for instance in instances if isinstance(instance, Topic)]
    if topics and not reasons:
        reasons = _drafts_of_topics(topics)
    reasons += _history([instance for instance in instances if isinstance(instance, Campaign)])
    return reasons + segment_usage.against_deleting(instances)


def against_unpublishing(instance: Any) -> list[str]:
    """Why it cannot be unpublished; empty when it can."""
    reasons = _reasons(
        [instance], _t("“%(thing)s” cannot be unpublished: it is used by the live campaign %(names)s.")
    )
    return reasons + segment_usage.against_unpublishing(instance)


def refuse_delete(request: HttpRequest, instances: Sequence[Any]) -> HttpResponse | None:
    """For Wagtail's ``before_delete_snippet`` hook: None where nothing stands against it, else a way back."""
    return segment_usage.refusal(request, instances, against_deleting(instances))


def _drafts_of_topics(topics: Sequence[Topic]) -> list[str]:
    """The database keeps a topic that any campaign names, live or not."""
    campaigns = Campaign.objects.filter(topic__in=topics).select_related("topic").order_by("name")
    return [
        _t(
            "“%(topic)s” cannot be deleted: the campaign “%(campaign)s” names it. Choose another topic there first."
        )
        % {"topic": campaign.topic, "campaign": campaign}
        for campaign in campaigns
    ]


def _history(campaigns: Sequence[Campaign]) -> list[str]:
    """A campaign that contacts have been through is part of their history."""
    if not campaigns:
        return []
    entered = Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns], journeys__isnull=False)
    return [
        _t(
            "“%s” cannot be deleted: contacts have been in it, and their history names it. Unpublish it instead."
        )
        % name
        for name in entered.distinct().order_by("name").values_list("name", flat=True)
    ]


def refuse_unpublish(request: HttpRequest, instance: Any) -> HttpResponse | None:
    """For Wagtail's ``before_unpublish`` hook, which also comes for pages."""
    return segment_usage.refusal(request, [instance], against_unpublishing(instance))
