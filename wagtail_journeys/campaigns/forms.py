from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict, ErrorList
from django.utils import timezone
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.blocks import StreamBlockValidationError
from wagtail.blocks.list_block import ListBlockValidationError
from wagtail.blocks.struct_block import StructBlockValidationError

from . import checks, topicless
from .arms import STEPS, items_of
from .checks import Draft, Finding
from .checks.base import STREAMS
from .steps import Step
from .steps import registry as steps_registry

Messages = dict[str, list[str]]


class CampaignForm(WagtailAdminModelForm):
    """A draft may be unfinished; what goes live must be able to run. Errors are shown where they can be mended."""

    class Media:
        css = {"all": ["wagtail_journeys/editor.css"]}
        js = [
            "wagtail_journeys/saving.js",
            "wagtail_journeys/segments-rows.js",
            "wagtail_journeys/merge-tags.js",
        ]

    def _post_clean(self) -> None:
        super()._post_clean()
        now = timezone.now()  # noqa: TID251  a form: the campaign goes live now
        if not self.is_deferred_validation:
            self._check(now)
        self._check_topic(now)

    def _check_topic(self, now: datetime.datetime) -> None:
        """Who may not let a campaign ignore topics neither takes its topic away nor submits it without one."""
        taken = bool(self.initial.get("topic")) and self.instance.topic_id is None
        if "topic" in self.errors or not (taken or not self.is_deferred_validation):
            return
        refused = topicless.refusal(Draft(self.instance, now), self.for_user)
        if refused:
            self.add_error("topic", refused)

    def show_problems(self, now: datetime.datetime) -> None:
        """For a form that was not sent: what stands against the campaign as it was saved, each where it can be mended."""
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}
        self._check(now)

    def _check(self, now: datetime.datetime) -> None:
        draft = Draft(self.instance, now)
        found = [finding for finding in checks.errors(draft) if finding.field not in self.errors]
        for name in {finding.field for finding in found}:
            self._show(name, [finding for finding in found if finding.field == name], draft)

    def _show(self, name: str, found: Sequence[Finding], draft: Draft) -> None:
        at: Messages = defaultdict(list)
        for finding in found:
            at[finding.block].append(finding.message)
        for message in at.pop("", []):
            self.add_error(name if name in self.fields else None, message)
        error = stream_error(draft.raw[name], at) if name in STREAMS else None
        if error is not None:
            self.add_error(name, error)


def at_block(
    messages: Sequence[str], inside: dict[str, ValidationError] | None = None
) -> StructBlockValidationError:
    """Messages shown at a block, and the errors of the streams inside it."""
    return StructBlockValidationError(
        block_errors=inside or None, non_block_errors=ErrorList([ValidationError(text) for text in messages])
    )


def stream_error(stream: list[dict[str, Any]], at: Messages) -> StreamBlockValidationError | None:
    """The messages, by block id, each at its block of the stream, arms of steps included; None where there are none."""
    found: dict[int, ValidationError] = {}
    for number, block in enumerate(stream):
        inside = _inside(block, at)
        messages = at.get(block["id"], [])
        if messages or inside:
            found[number] = at_block(messages, inside)
    return StreamBlockValidationError(block_errors=found) if found else None


def _inside(block: dict[str, Any], at: Messages) -> dict[str, ValidationError]:
    if block["type"] not in steps_registry:
        return {}
    step = steps_registry[block["type"]]
    arms = {name: stream_error(block["value"].get(name) or [], at) for name in step.arms}
    errors: dict[str, ValidationError] = {name: error for name, error in arms.items() if error is not None}
    listed = _list_errors(step, block["value"], at)
    if listed:
        errors[step.arm_list] = ListBlockValidationError(block_errors=listed)
    return errors


def _list_errors(step: Step, value: dict[str, Any], at: Messages) -> dict[int, ValidationError]:
    """The same for the steps in a list of arms, by the number of the arm."""
    found: dict[int, ValidationError] = {}
    for number, item in enumerate(items_of(step, value)):
        error = stream_error(item["value"].get(STEPS) or [], at)
        if error is not None:
            found[number] = StructBlockValidationError(block_errors={STEPS: error})
    return found
