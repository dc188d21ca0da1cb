"""Call another system over HTTP, wait until it has answered, and go on."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup

from wagtail_journeys.calls import outbox, secrets
from wagtail_journeys.calls.models import Call
from wagtail_journeys.calls.request import FORM, IDEMPOTENT, JSON, METHODS, Request
from wagtail_journeys.campaigns import calling
from wagtail_journeys.campaigns.outcomes import Advance, CallHttp, Exit, KeepData, Outcome, WaitUntil
from wagtail_journeys.exceptions import TemplateError
from wagtail_journeys.segments.rows import Attrs, hidden_when, shown_when

from . import registry
from .base import MESSAGES, Group, Params, Position, Step
from .send_email import merge_fields

#: Longer than a call can take with all its tries: the journey is woken when the call ends, this is the safety net.
BEYOND = datetime.timedelta(hours=48)


def secret_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in secrets.names()]


def pairs(label: Any, help_text: Any, form_attrs: Attrs | None = None) -> blocks.ListBlock:
    return blocks.ListBlock(
        blocks.StructBlock(
            [
                ("name", blocks.CharBlock(max_length=100, label=_("Name"))),
                ("value", blocks.CharBlock(required=False, max_length=2000, label=_("Value"))),
            ],
            form_classname="struct-block wj-row",
        ),
        default=[],
        min_num=0,
        label=label,
        help_text=help_text,
        form_attrs=form_attrs,
    )


def kept_fields() -> blocks.ListBlock:
    return blocks.ListBlock(
        blocks.StructBlock(
            [
                (
                    "member",
                    blocks.CharBlock(
                        max_length=200, label=_("Member of the answer"), help_text=_("For example data.id")
                    ),
                ),
                (
                    "name",
                    blocks.CharBlock(
                        max_length=50,
                        label=_("Keep as"),
                        help_text=_("crm_id is used as {{ journey.crm_id }}."),
                    ),
                ),
            ],
            form_classname="struct-block wj-row",
        ),
        default=[],
        min_num=0,
        label=_("Keep from the answer"),
        help_text=_("Texts and numbers of a JSON answer, for the merge tags of later steps."),
    )


@registry.register
class HttpCall(Step):
    key = "http_call"
    label = _("HTTP call")
    icon = "link-external"
    group = MESSAGES
    awaits = _("the answer to its call")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "method",
                blocks.ChoiceBlock(
                    choices=[(name, name) for name in METHODS], default="POST", label=_("Method")
                ),
            ),
            (
                "url",
                blocks.CharBlock(
                    max_length=2000,
                    label=_("Address"),
                    help_text=_(
                        "For example https://crm.example.com/contacts/{{ contact.email }}. Merge tags may stand behind the "
                        "host; what they insert is encoded."
                    ),
                ),
            ),
            (
                "body_kind",
                blocks.ChoiceBlock(
                    choices=[(JSON, "JSON"), (FORM, _("Form"))], required=False, default=JSON, label=_("Body")
                ),
            ),
            (
                "json",
                blocks.TextBlock(
                    required=False,
                    rows=6,
                    form_attrs=shown_when("body_kind", [JSON]),
                    label=_("JSON"),
                    help_text=_(
                        'Merge tags stand between quotes: {"email": "{{ contact.email }}", "points": "{{ contact.points }}"}. '
                        "A number that stands alone between its quotes stays a number."
                    ),
                ),
            ),
            (
                "form",
                pairs(
                    _("Form fields"),
                    _("Merge tags may be used in values."),
                    shown_when("body_kind", [FORM]),
                ),
            ),
            (
                "headers",
                pairs(
                    _("Headers"),
                    _(
                        "Merge tags may be used in values. Keys and passwords are secrets: Bearer {{ secret.crm_token }}"
                    ),
                ),
            ),
            (
                "sign_with",
                blocks.ChoiceBlock(
                    choices=secret_choices,
                    required=False,
                    label=_("Sign with"),
                    help_text=_("A secret whsec_… that the receiver knows too (Standard Webhooks)."),
                ),
            ),
            (
                "repeatable",
                blocks.BooleanBlock(
                    required=False,
                    label=_("The receiver recognises repetitions"),
                    form_attrs=hidden_when("method", sorted(IDEMPOTENT)),
                    help_text=_(
                        "By the Idempotency-Key or webhook-id header. Then a POST or PATCH is tried again when nobody knows whether "
                        "it arrived; otherwise it is shown as perhaps received. GET, PUT and DELETE are always tried again."
                    ),
                ),
            ),
            (
                "is_message",
                blocks.BooleanBlock(
                    required=False,
                    label=_("The contact notices it"),
                    help_text=_("An SMS, a letter: not sent to the control group of a split."),
                ),
            ),
            (
                "on_failure",
                blocks.ChoiceBlock(
                    choices=[("go_on", _("go on to the next step")), ("exit", _("leave the campaign"))],
                    default="go_on",
                    label=_("When the call fails for good"),
                ),
            ),
            ("keep", kept_fields()),
            ("defaults", merge_fields()),
        ]

    def block(self, arms: Any = ()) -> blocks.StructBlock:
        body = BlockGroup(["body_kind", "json", "form"], heading=_("Body"), icon="code")
        sender = BlockGroup(
            ["headers", "sign_with"], heading=_("Headers and signature"), icon="key", classname="collapsed"
        )
        answer = BlockGroup(
            ["on_failure", "repeatable", "is_message", "keep"],
            heading=_("Failure and answer"),
            icon="undo",
            classname="collapsed",
        )
        merge_tags = BlockGroup(["defaults"], heading=_("Merge tags"), icon="tag", classname="collapsed")
        return blocks.StructBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-step",
            form_layout=BlockGroup(["method", "url", body, sender, answer, merge_tags]),
            label_format="{method} {url}",
        )

    def describe(self, params: Params) -> str:
        url = str(params.get("url") or "").strip()
        if not url:
            return _t("call …")
        try:
            place = calling.read_url(url).origin.partition("://")[2]
        except TemplateError:
            place = "…"
        return _t("call %(place)s (%(method)s)") % {"place": place, "method": params.get("method") or "POST"}

    def problems(self, params: Params) -> list[str]:
        return calling.problems_of(params)

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        """Asked when a journey arrives, and again when its call has ended."""
        made = {
            journey: (state, error, answer)
            for journey, state, error, answer in Call.objects.filter(
                visit__journey__in=[position.journey for position in group.positions],
                visit__step_id=group.step_id,
            ).values_list("visit__journey", "state", "error", "answer")
        }
        arriving = [position for position in group.positions if position.journey not in made]
        requests = self.requests(arriving, params)
        later = now + outbox.longest_wait() + BEYOND
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            if position.journey not in made:
                request = requests[position.journey]
                effect = CallHttp(request, bool(params.get("is_message")))
                decided[position.journey] = WaitUntil(now if request.problem else later, effects=(effect,))
                continue
            state, error, answer = made[position.journey]
            if state not in Call.FINAL:
                decided[position.journey] = WaitUntil(later)
            elif state == Call.State.DONE:
                decided[position.journey] = Advance(effects=(KeepData(answer),) if answer else ())
            else:
                reason = _t("the call failed: %s") % (error or Call.State(state).label)
                exits = params.get("on_failure") == "exit"
                decided[position.journey] = Exit(reason) if exits else Advance(skipped=reason)
        return decided

    def requests(self, positions: list[Position], params: Params) -> dict[int, Request]:
        """The request for each of these journeys. A constant number of statements."""
        if not positions:
            return {}
        try:
            plan = calling.plan_of(params)
        except TemplateError as error:  # a secret that was there when the campaign was published
            broken = Request(params.get("method") or "POST", "", problem=str(error))
            return {position.journey: broken for position in positions}
        contexts = calling.contexts_for([(p.journey, p.contact, p.entry_event) for p in positions])
        kept = calling.data_of([position.journey for position in positions])
        defaults = calling.defaults_of(params)
        return {
            position.journey: calling.request_for(
                plan, {**contexts[position.journey], "journey": kept.get(position.journey) or {}}, defaults
            )
            for position in positions
        }
