"""Which live campaigns use a segment, an email template or a topic: what they use cannot be deleted or unpublished."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.exceptions import BadRules, UnknownKey
from wagtail_journeys.registry import Registry
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.segments.usage import refusal, refuse_delete_in_use, refuse_unpublish_in_use

from .models import Campaign, CampaignVersion
from .steps import registry as steps
from .triggers import registry as triggers

KINDS: dict[str, type[Any]] = {"segment": Segment, "template": EmailTemplate, "topic": Topic}


def in_use(kind: str, ids: Collection[int]) -> dict[int, list[Campaign]]:
    """For each of these things the live campaigns whose running version uses it. Two statements at most."""
    found: dict[int, list[Campaign]] = {pk: [] for pk in ids}
    newest = (
        CampaignVersion.objects.filter(campaign=OuterRef("campaign")).order_by("-number").values("pk")[:1]
    )
    versions = (
        CampaignVersion.objects.filter(campaign__live=True, pk=Subquery(newest))
        .select_related("campaign")
        .order_by("campaign__name")
    )
    for version in versions:
        used = references(version.graph).get(kind, set())
        if kind == "topic" and version.campaign.topic_id:
            used = used | {version.campaign.topic_id}
        for pk in used & found.keys():
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


def refuse_delete(request: HttpRequest, instances: Sequence[Any]) -> HttpResponse | None:
    """For Wagtail's ``before_delete_snippet`` hook: None where nothing stands against it, else a way back."""
    refused = refuse_delete_in_use(request, instances)
    reasons = _reasons(
        instances, _t("“%(thing)s” cannot be deleted: it is used by the live campaign %(names)s.")
    )
    topics = [instance for instance in instances if isinstance(instance, Topic)]
    if topics and not reasons:
        reasons = _drafts_of_topics(topics)
    reasons += _history([instance for instance in instances if isinstance(instance, Campaign)])
    return refusal(request, instances, reasons) or refused


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
    reasons = _reasons(
        [instance], _t("“%(thing)s” cannot be unpublished: it is used by the live campaign %(names)s.")
    )
    return refusal(request, [instance], reasons) or refuse_unpublish_in_use(request, instance)
