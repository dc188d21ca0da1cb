"""There is a goal, and it can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.triggers import registry as triggers_registry
from wagtail_journeys.segments.models import Membership, Segment

from . import registry
from .base import Check, Draft, Finding, hint, warning


@registry.register
class Goal(Check):
    key = "goal"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        goal = next((block for name, block in draft.facts if name == "goal"), None)
        if goal is None:
            yield hint(
                _t("The campaign has no goal, so nothing tells whether it works. Say what it is for."), "goal"
            )
            return
        trigger = draft.trigger
        if trigger and (trigger["type"], trigger["value"]) == (goal["type"], goal["value"]):
            yield warning(
                _t("The goal is what starts the campaign. Choose what contacts are to do after that."),
                "goal",
                goal["id"],
            )
        segments = triggers_registry[goal["type"]].segments_left(goal["value"])
        members = Membership.objects.filter(segment=OuterRef("pk"), left_at__isnull=True)
        for segment in Segment.objects.filter(pk__in=segments).filter(~Exists(members)):
            yield warning(
                _t("The goal is to leave the segment “%s”, and nobody is in it.") % segment,
                "goal",
                goal["id"],
            )
