"""Who uses a segment: other segments, and what upper layers tell (campaigns). What is used cannot go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _t
from wagtail.admin import messages

from wagtail_journeys.exceptions import BadRules

from . import compiler
from .models import Segment

#: Each gives, for ids of segments, the objects that use them; campaigns add theirs where the admin is put together.
sources: list[Callable[[Collection[int]], dict[int, list[Any]]]] = []


def used_by(ids: Collection[int]) -> dict[int, list[Any]]:
    """For each of these segments everything that uses it, segments first. The number of statements is constant."""
    found: dict[int, list[Any]] = {pk: list(others) for pk, others in asked_by(ids).items()}
    for source in sources:
        for pk, users in source(ids).items():
            found[pk] += users
    return found


def register(source: Callable[[Collection[int]], dict[int, list[Any]]]) -> None:
    """Let an upper layer tell what uses segments; registering it twice changes nothing."""
    if source not in sources:
        sources.append(source)


def asked_by(ids: Collection[int]) -> dict[int, list[Segment]]:
    """For each of these segments the others whose rules mention it. One statement."""
    found: dict[int, list[Segment]] = {pk: [] for pk in ids}
    for segment in Segment.objects.order_by("name"):
        try:
            mentioned = compiler.mentions(segment.raw_rules).segments
        except BadRules:
            continue
        for pk in mentioned & found.keys() - {segment.pk}:
            found[pk].append(segment)
    return found


def against_deleting(instances: Sequence[Any]) -> list[str]:
    """Why the segments among these cannot be deleted together; empty when they can."""
    segments = [instance for instance in instances if isinstance(instance, Segment)]
    going = {segment.pk for segment in segments}
    users = asked_by(going) if going else {}
    reasons = []
    for segment in segments:
        names = [f"“{other}”" for other in users[segment.pk] if other.pk not in going]
        if names:
            reasons.append(
                _t("“%(segment)s” cannot be deleted: it is asked for in the segment %(names)s.")
                % {"segment": segment, "names": ", ".join(names)}
            )
    return reasons


def against_unpublishing(instance: Any) -> list[str]:
    """The same for unpublishing: a live segment that asks for it would keep its members as they are for ever."""
    if not isinstance(instance, Segment):
        return []
    names = ", ".join(f"“{other}”" for other in asked_by([instance.pk])[instance.pk] if other.live)
    sentence = _t("“%(segment)s” cannot be unpublished: it is asked for in the live segment %(names)s.")
    return [sentence % {"segment": instance, "names": names}] if names else []


def refusal(request: HttpRequest, instances: Sequence[Any], reasons: Sequence[str]) -> HttpResponse | None:
    """Show the reasons where the editor came from; None when there are none."""
    if not reasons:
        return None
    for reason in reasons:
        messages.error(request, reason)
    viewset = type(instances[0]).snippet_viewset
    if len(instances) == 1:
        return redirect(reverse(viewset.get_url_name("edit"), args=[quote(instances[0].pk)]))
    return redirect(reverse(viewset.get_url_name("list")))
