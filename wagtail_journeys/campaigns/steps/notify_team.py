"""Notify the team: an email to colleagues about the contact."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, NotifyTeam, Outcome
from wagtail_journeys.contacts.models import Contact

from . import registry
from .base import MESSAGES, Group, Params, Step


def staff_addresses() -> list[tuple[str, str]]:
    """Colleagues who may enter the admin and have an address: the only ones that a campaign can write to."""
    users = get_user_model()._default_manager.filter(is_active=True).exclude(email="")
    return sorted(
        (user.email, f"{user.get_full_name() or user.get_username()} ({user.email})")
        for user in users
        if user.has_perm("wagtailadmin.access_admin")
    )


@registry.register
class NotifyTeamStep(Step):
    key = "notify_team"
    label = _("Notify the team")
    icon = "comment"
    group = MESSAGES

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "to",
                blocks.MultipleChoiceBlock(
                    choices=staff_addresses,
                    label=_("To"),
                    help_text=_("Colleagues who may enter the admin."),
                ),
            ),
            ("subject", blocks.CharBlock(max_length=200, label=_("Subject"))),
            (
                "text",
                blocks.TextBlock(
                    required=False,
                    label=_("Text"),
                    help_text=_("Name, address and a link to the contact stand below it."),
                ),
            ),
        ]

    def describe(self, params: Params) -> str:
        return _t("tell %(people)s: %(subject)s") % {
            "people": ", ".join(params.get("to") or ["…"]),
            "subject": params.get("subject") or "…",
        }

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        allowed = {address for address, _name in staff_addresses()}
        recipients = tuple(address for address in params["to"] if address in allowed)
        if not recipients:
            return {
                p.journey: Advance(skipped=_t("none of the colleagues is there any more"))
                for p in group.positions
            }
        return {
            position.journey: Advance(
                effects=(
                    NotifyTeam(
                        recipients,
                        params["subject"],
                        f"{params.get('text') or ''}\n\n{about(group.contacts[position.contact])}".strip(),
                    ),
                )
            )
            for position in group.positions
        }

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("to") else [_t("Say who is to be told.")]


def about(contact: Contact) -> str:
    """Who it is, and where to read more."""
    lines = [contact.name, contact.email or contact.external_id or str(contact.uuid)]
    try:
        path = reverse("wagtailsnippets_wagtail_journeys_contact:inspect", args=[contact.pk])
    except NoReverseMatch:
        pass
    else:
        lines.append(f"{settings.WAGTAILADMIN_BASE_URL.rstrip('/')}{path}")
    return "\n".join(line for line in lines if line)
