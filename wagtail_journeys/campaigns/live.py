"""What the editor of a campaign asks for while somebody builds: the map of the steps, and what every block says.

It looks at the form as it stands and saves nothing. Whatever is in the form, the answer is a drawing, never an error.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from wagtail_journeys.segments import drafts
from wagtail_journeys.streams import raw

from . import arms, asking, boxes, flow, merge_tags, words
from .models import Campaign
from .preview import describe_trigger
from .steps import registry as steps_registry

logger = logging.getLogger(__name__)

FLOW_URL_NAME = "journeys_campaign_flow"

Blocks = list[dict[str, Any]]


@require_POST
def draw(request: HttpRequest) -> JsonResponse:
    """``html`` is the map; ``sentences`` say what each block says, by its id."""
    user: Any = request.user
    if not any(user.has_perm(f"wagtail_journeys.{right}_campaign") for right in ("add", "change", "view")):
        raise PermissionDenied
    trigger, steps = read(request.POST, "trigger"), read(request.POST, "steps")
    facts = [*trigger, *read(request.POST, "goal"), *read(request.POST, "exits")]
    said = {block["id"]: describe_trigger(block) for block in facts if block.get("id")}
    with words.known(words.nodes_in(steps)):
        said |= drafts.by_block([*read(request.POST, "filters"), *conditions(steps)], asking.KINDS)
    said |= boxes.sentences(boxes.read(steps))
    sentence = describe_trigger(trigger[0]) if trigger else ""
    return JsonResponse({"html": flow.sketch(sentence, steps), "sentences": said})


def read(data: Any, field: str) -> Blocks:
    """The blocks of one of the form's streams, in the form in which they would be stored; none where it is broken."""
    block: Any = Campaign._meta.get_field(field).stream_block  # type: ignore[union-attr]
    if f"{field}-count" not in data:
        return []
    try:
        return raw(drafts.readable(block, block.value_from_datadict(data, {}, field)))
    except Exception:
        logger.warning("A form that cannot be read", exc_info=True)
        return []


def conditions(steps: Blocks) -> Blocks:
    """The conditions that stand in steps, in those of their arms too."""
    found: Blocks = []
    for block in steps:
        step = steps_registry[block["type"]]
        found += rules_in(list(arms.params_of(step, block["value"]).values()))
        for arm in arms.arms_of(step, block["value"]):
            found += conditions(arm.steps)
    return found


def rules_in(values: list[Any]) -> Blocks:
    """Segment rules in what a step stores, also in the items of its lists."""
    found: Blocks = []
    for value in values:
        if isinstance(value, list):
            found += rules_in(value)
        elif isinstance(value, dict) and isinstance(value.get("value"), dict):
            if value.get("type") == "group" or value.get("type") in asking.KINDS:
                found.append(value)
            else:
                found += rules_in(list(value["value"].values()))
    return found


urlpatterns = [
    path("flow/", draw, name=FLOW_URL_NAME),
    path("merge-tags/", merge_tags.view, name=merge_tags.URL_NAME),
]
