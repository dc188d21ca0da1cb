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

from wagtail_journeys.campaigns import asking, merge_tags
from wagtail_journeys.campaigns.conditions.blocks import JourneyRulesBlock
from wagtail_journeys.campaigns.outcomes import Advance, Exit, Outcome
from wagtail_journeys.campaigns.outcomes import SendEmail as SendEmailEffect
from wagtail_journeys.emails import liquid, senders
from wagtail_journeys.segments.blocks import MATCH_CHOICES

from . import registry, room, variants
from .base import MESSAGES, Group, Params, Position, Step


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
                (
                    "source",
                    blocks.CharBlock(
                        required=False,
                        max_length=100,
                        label=_("Filled with"),
                        help_text=_(
                            "Empty: what its name says. Or another value, such as contact.nickname, event.total or "
                            "journey.crm_id."
                        ),
                    ),
                ),
            ],
            form_classname="struct-block wj-row",
        ),
        default=[],
        min_num=0,
        label=_("Merge tags"),
        help_text=_("An email with a merge tag that has neither a value nor a default is not sent."),
        form_attrs=merge_tags.ATTRS,
    )


def sender_fields() -> list[tuple[str, blocks.Block]]:
    return [
        (
            "from_name",
            blocks.CharBlock(
                required=False,
                max_length=200,
                label=_("Sender name"),
                help_text=_("Empty: that of the template."),
            ),
        ),
        (
            "from_email",
            blocks.EmailBlock(
                required=False,
                label=_("Sender address"),
                help_text=_("Empty: that of the template. Only addresses that the site may send from."),
            ),
        ),
        ("reply_to", blocks.EmailBlock(required=False, label=_("Reply-to address"))),
    ]


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
                JourneyRulesBlock(
                    required=False, label=_("Conditions"), help_text=_("Empty: send to everybody.")
                ),
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
            *variants.fields(),
            *room.fields(),
            *sender_fields(),
        ]

    def block(self, arms: Sequence[tuple[str, blocks.Block]] = ()) -> blocks.StructBlock:
        conditions = BlockGroup(
            ["match", "conditions", "otherwise"],
            heading=_("Only send if …"),
            icon="help",
            classname="collapsed",
            label_format="{conditions}",
        )
        tags = BlockGroup(
            ["defaults"],
            heading=_("Merge tags"),
            icon="tag",
            classname="collapsed",
            label_format="{defaults}",
        )
        sender = BlockGroup(
            ["from_name", "from_email", "reply_to"],
            heading=_("Sender"),
            icon="user",
            classname="collapsed",
            label_format="{from_name} {from_email}",
        )
        return blocks.StructBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-step",
            form_layout=BlockGroup(
                [
                    "template",
                    conditions,
                    tags,
                    variants.form_group(),
                    room.form_group(),
                    sender,
                ]
            ),
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
        divided = variants.describe(params)
        if divided:
            sentence += f" ({divided})"
        condition = asking.describe(params.get("match") or "all", params.get("conditions") or [])
        return (
            _t("%(send)s if %(condition)s") % {"send": sentence, "condition": condition}
            if condition
            else sentence
        )

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        rules = params.get("conditions") or []
        matching = group.matching(params.get("match") or "all", rules, now)
        rooms = room.Rooms(group, [p for p in group.positions if p.journey in matching], now)
        winner = variants.winner_of(group.campaign, group.step_id, params)
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            if position.journey in matching:
                decided[position.journey] = rooms.outcome(
                    position, self.effect(group, position, params, winner), params
                )
            elif params.get("otherwise") == "exit":
                decided[position.journey] = Exit(self.reason(params))
            else:
                decided[position.journey] = Advance(skipped=self.reason(params))
        return decided

    def effect(self, group: Group, position: Position, params: Params, winner: str = "") -> SendEmailEffect:
        """What is sent to this journey's contact; of several variants the one drawn, or the ``winner``."""
        items = [item["value"] for item in params.get("defaults") or []]
        merge: dict[str, Any] = {
            "defaults": self.defaults(params),
            "mapping": {item["tag"]: item["source"] for item in items if item.get("source")},
        }
        merge |= {name: params[name] for name in ("from_name", "from_email", "reply_to") if params.get(name)}
        if not params.get("variants"):
            return SendEmailEffect(params["template"], merge)
        contact = group.contacts[position.contact]
        variant = variants.of(str(contact.uuid), group.step_id, params, winner)
        if variant is None:
            return SendEmailEffect(params["template"], merge)
        value = variant["value"]
        merge |= {name: value[name] for name in ("subject", "preheader") if value.get(name)}
        merge["variant"] = value.get("label") or ""
        return SendEmailEffect(value.get("template") or params["template"], merge, str(variant["id"])[:40])

    def reason(self, params: Params) -> str:
        return _t("not: %s") % asking.describe(params.get("match") or "all", params.get("conditions") or [])

    def defaults(self, params: Params) -> dict[str, str]:
        return {
            item["value"]["tag"]: item["value"].get("default") or "" for item in params.get("defaults") or []
        }

    def problems(self, params: Params) -> list[str]:
        from wagtail_journeys.emails.models import EmailTemplate

        found = EmailTemplate.objects.in_bulk(self.templates(params))
        problems = []
        if params.get("template") not in found:
            problems.append(_t("A “Send email” step has no template."))
        problems += [
            _t("The email template “%s” is not live. Publish it first.") % template
            for template in found.values()
            if not template.live
        ]
        problems += variants.problems(params)
        addresses = {params.get("from_email"), *(template.from_email for template in found.values())}
        unnamed = sorted(address for address in addresses if address and not senders.named(address))
        known = senders.load() if unnamed else None
        problems += [
            senders.refusal(address) for address in unnamed if known and not known.confirmed(address)
        ]
        for item in params.get("defaults") or []:
            source = item["value"].get("source") or ""
            if source and not liquid.is_path(source):
                problems.append(
                    _t("“%s” is no value. Write it like contact.nickname, event.total or journey.crm_id.")
                    % source
                )
        return problems

    def templates(self, params: Params) -> set[int]:
        """Those of the step and of its variants."""
        found = {params.get("template")}
        found |= {item["value"].get("template") for item in params.get("variants") or []}
        return {pk for pk in found if pk}

    def references(self, params: Params) -> dict[str, set[int]]:
        found: dict[str, set[Any]] = {
            "segment": set(asking.mentions(params.get("conditions") or []).segments)
        }
        if self.templates(params):
            found["template"] = self.templates(params)
        return found
