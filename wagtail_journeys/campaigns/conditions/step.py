"""An earlier step of this journey: it was passed, skipped, taken by one of its ways out, or never reached."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns import naming
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.rows import shown_when

from . import registry
from .base import JourneyCondition, Params, ids_of, journeys
from .blocks import StepChoiceBlock

MODES = {
    "visited": (_("was at"), _("was at %s")),
    "passed": (_("went on from"), _("went on from %s")),
    "skipped": (_("skipped"), _("skipped %s")),
    "arm": (_("took one way out of"), ""),
    "never": (_("was never at"), _("was never at %s")),
}

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group


@registry.register
class EarlierStep(JourneyCondition):
    key = "this_step"
    label = _("Earlier step")
    icon = "redirect"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "mode",
                blocks.ChoiceBlock(
                    choices=[(key, words) for key, (words, _phrase) in MODES.items()],
                    default="visited",
                    label=_("The contact"),
                ),
            ),
            ("step", StepChoiceBlock(label=_("Step"))),
            (
                "arm",
                StepChoiceBlock(
                    arms_of="step",
                    required=False,
                    label=_("Way out"),
                    form_attrs=shown_when("mode", ["arm"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value.get("mode") == "arm" and not value.get("arm"):
            return {"arm": _t("Say which way.")}
        return {}

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        mode = params["mode"]
        visits: Any = journeys(()).model._meta.get_field("visits").related_model
        found = visits._default_manager.order_by().filter(
            compiler.among(ids_of(group), "journey_id"), step_id=params["step"]
        )
        if mode in ("passed", "skipped"):
            found = found.filter(outcome=mode)
        elif mode == "arm":
            found = found.filter(arm=params["arm"])
        elif mode == "never" and params["step"] == group.step_id:
            return set()  # whoever is asked here is here, also where that is not written down yet
        those = set(found.values_list("journey_id", flat=True))
        if mode == "visited" and params["step"] == group.step_id:
            return set(ids_of(group))
        return set(ids_of(group)) - those if mode == "never" else those

    def describe(self, params: Params) -> str:
        mode, step = params["mode"], naming.step(params.get("step") or "")
        if mode == "arm":
            words = {"arm": naming.arm(params.get("step") or "", params.get("arm") or "…"), "step": step}
            return _t("took “%(arm)s” at %(step)s") % words
        return str(MODES[mode][1]) % step
