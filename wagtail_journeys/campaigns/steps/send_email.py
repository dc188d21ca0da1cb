"""Send an email, if the contact matches the step's own conditions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.campaigns.outcomes import Advance, Exit, Outcome
from wagtail_journeys.campaigns.outcomes import SendEmail as SendEmailEffect
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.blocks import MATCH_CHOICES, RulesBlock

from . import registry
from .base import MESSAGES, Group, Params, Step


def merge_fields() -> blocks.ListBlock:
    return blocks.ListBlock(
        blocks.StructBlock(
            [
                (
                    "tag",
                    blocks.CharBlock(
                        max_length=100, label=_("Merge tag"), help_text=_("For example contact.first_name")
                    ),
                ),
                (
                    "default",
                    blocks.CharBlock(
                        required=False,
                        max_length=300,
                        label=_("When there is no value"),
                        help_text=_("Empty: print nothing there."),
                    ),
                ),
            ],
            form_classname="struct-block wj-row",
        ),
        default=[],
        min_num=0,
        label=_("Defaults of merge tags"),
        help_text=_("An email with a merge tag that has neither a value nor a default is not sent."),
    )


@registry.register
class SendEmail(Step):
    key = "send_email"
    label = _("Send email")
    icon = "mail"
    group = MESSAGES

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("template", SnippetChooserBlock("wagtail_journeys.EmailTemplate", label=_("Email template"))),
            (
                "match",
                blocks.ChoiceBlock(
                    choices=MATCH_CHOICES, default="all", label=_("Only send to contacts who match")
                ),
            ),
            (
                "conditions",
                RulesBlock(required=False, label=_("Conditions"), help_text=_("Empty: send to everybody.")),
            ),
            (
                "otherwise",
                blocks.ChoiceBlock(
                    choices=[("skip", _("skip this email and go on")), ("exit", _("leave the campaign"))],
                    default="skip",
                    label=_("Everybody else"),
                ),
            ),
            ("defaults", merge_fields()),
        ]

    def block(self, arms: Sequence[tuple[str, blocks.Block]] = ()) -> blocks.StructBlock:
        conditions = BlockGroup(
            ["match", "conditions", "otherwise"],
            heading=_("Only send if …"),
            icon="help",
            classname="collapsed",
            label_format="{conditions}",
        )
        merge_tags = BlockGroup(
            ["defaults"],
            heading=_("Merge tags"),
            icon="tag",
            classname="collapsed",
            label_format="{defaults}",
        )
        return blocks.StructBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-step",
            form_layout=BlockGroup(["template", conditions, merge_tags]),
            label_format="{template}",
        )

    def describe(self, params: Params) -> str:
        from wagtail_journeys.emails.models import EmailTemplate

        if params.get("template"):
            templates = EmailTemplate.objects.filter(pk=params["template"])
            name = templates.values_list("name", flat=True).first() or _t("a deleted template")
        else:
            name = "…"
        sentence = _t("send “%s”") % name
        condition = compiler.describe(params.get("match") or "all", params.get("conditions") or [])
        return (
            _t("%(send)s if %(condition)s") % {"send": sentence, "condition": condition}
            if condition
            else sentence
        )

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        rules = params.get("conditions") or []
        matching = group.matching(params.get("match") or "all", rules, now)
        effect = SendEmailEffect(params["template"], {"defaults": self.defaults(params)})
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            if position.contact in matching:
                decided[position.journey] = Advance(effects=(effect,))
            elif params.get("otherwise") == "exit":
                decided[position.journey] = Exit(self.reason(params))
            else:
                decided[position.journey] = Advance(skipped=self.reason(params))
        return decided

    def reason(self, params: Params) -> str:
        return _t("not: %s") % compiler.describe(params.get("match") or "all", params.get("conditions") or [])

    def defaults(self, params: Params) -> dict[str, str]:
        return {
            item["value"]["tag"]: item["value"].get("default") or "" for item in params.get("defaults") or []
        }

    def problems(self, params: Params) -> list[str]:
        from wagtail_journeys.emails.models import EmailTemplate

        template = EmailTemplate.objects.filter(pk=params.get("template") or 0).first()
        if template is None:
            return [_t("A “Send email” step has no template.")]
        if not template.live:
            return [_t("The email template “%s” is not live. Publish it first.") % template]
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        found: dict[str, set[Any]] = {
            "segment": set(compiler.mentions(params.get("conditions") or []).segments)
        }
        if params.get("template"):
            found["template"] = {params["template"]}
        return found
