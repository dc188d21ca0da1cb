from __future__ import annotations

import datetime

from django.db.models import Q
from wagtail import blocks

from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.segments.conditions.base import Condition, Mentions, Params


@registry.register
class MailDomain(Condition):
    """A site's own condition: the part of the address behind the @."""

    key = "hostapp_mail_domain"
    label = "Mail domain"
    icon = "mail"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("domain", blocks.CharBlock(label="Domain"))]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        return Q(email__endswith=f"@{params['domain']}")

    def describe(self, params: Params) -> str:
        return f"has an address at {params['domain']}"

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({"email"}))
