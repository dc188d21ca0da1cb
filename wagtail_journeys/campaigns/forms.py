from __future__ import annotations

import zoneinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.utils import ErrorList
from django.utils.translation import gettext as _t
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.blocks import StreamBlockValidationError, StreamValue
from wagtail.blocks.list_block import ListBlockValidationError
from wagtail.blocks.struct_block import StructBlockValidationError

from wagtail_journeys.streams import raw

from .arms import STEPS, items_of
from .models import Campaign
from .steps import Step
from .steps import registry as steps_registry
from .triggers import registry as triggers_registry


class CampaignForm(WagtailAdminModelForm):
    """A draft may be unfinished; what goes live must be able to run. Errors are shown where they can be mended."""

    class Media:
        css = {"all": ["wagtail_journeys/editor.css"]}
        js = ["wagtail_journeys/segments-rows.js"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.is_deferred_validation:
            return cleaned
        self._check_frequency(cleaned)
        self._check_dates(cleaned)
        self._check_trigger(cleaned.get("trigger"))
        self._check_facts("goal", cleaned.get("goal"))
        self._check_facts("exits", cleaned.get("exits"))
        self._check_zone(cleaned.get("time_zone") or "")
        self._check_steps(cleaned.get("steps"))
        return cleaned

    def _check_frequency(self, cleaned: dict[str, Any]) -> None:
        needed = cleaned.get("frequency") == Campaign.Frequency.INTERVAL
        if needed and not cleaned.get("interval") and "interval" not in self.errors:
            self.add_error("interval", _t("Say how long the interval is: a number greater than 0."))

    def _check_dates(self, cleaned: dict[str, Any]) -> None:
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _t("The end must be after the start."))

    def _check_trigger(self, trigger: StreamValue | None) -> None:
        if "trigger" in self.errors:
            return
        if not trigger or len(trigger) != 1:
            self.add_error("trigger", _t("Choose what starts the campaign: exactly one trigger."))
            return
        block = raw(trigger)[0]
        problems = triggers_registry[block["type"]].problems(block["value"])
        if problems:
            self.add_error("trigger", StreamBlockValidationError(block_errors={0: at_block(problems)}))

    def _check_facts(self, name: str, facts: StreamValue | None) -> None:
        if name in self.errors or not facts:
            return
        found: dict[int, ValidationError] = {}
        for number, block in enumerate(raw(facts)):
            problems = triggers_registry[block["type"]].problems(block["value"])
            if problems:
                found[number] = at_block(problems)
        if found:
            self.add_error(name, StreamBlockValidationError(block_errors=found))

    def _check_zone(self, zone: str) -> None:
        if zone and zone not in zoneinfo.available_timezones() and "time_zone" not in self.errors:
            self.add_error("time_zone", _t("There is no time zone “%s”. Example: Europe/Amsterdam.") % zone)

    def _check_steps(self, steps: StreamValue | None) -> None:
        if "steps" in self.errors:
            return
        if not steps:
            self.add_error("steps", _t("Add at least one step: without steps the campaign does nothing."))
            return
        error = steps_error(raw(steps))
        if error is not None:
            self.add_error("steps", error)


def at_block(
    messages: list[str], inside: dict[str, ValidationError] | None = None
) -> StructBlockValidationError:
    """Messages shown at a block, and the errors of the streams inside it."""
    return StructBlockValidationError(
        block_errors=inside or None, non_block_errors=ErrorList([ValidationError(text) for text in messages])
    )


def steps_error(steps: list[dict[str, Any]]) -> StreamBlockValidationError | None:
    """What keeps these steps from running, each message at its step, arms included; None when nothing does."""
    found: dict[int, ValidationError] = {}
    for number, block in enumerate(steps):
        step = steps_registry[block["type"]]
        inside = {name: steps_error(block["value"].get(name) or []) for name in step.arms}
        errors: dict[str, ValidationError] = {
            name: error for name, error in inside.items() if error is not None
        }
        listed = _list_errors(step, block["value"])
        if listed:
            errors[step.arm_list] = ListBlockValidationError(block_errors=listed)
        messages = step.problems(block["value"])
        if messages or errors:
            found[number] = at_block(messages, errors)
    return StreamBlockValidationError(block_errors=found) if found else None


def _list_errors(step: Step, value: dict[str, Any]) -> dict[int, ValidationError]:
    """The same for the steps in a list of arms, by the number of the arm."""
    found: dict[int, ValidationError] = {}
    for number, item in enumerate(items_of(step, value)):
        error = steps_error(item["value"].get(STEPS) or [])
        if error is not None:
            found[number] = StructBlockValidationError(block_errors={STEPS: error})
    return found
