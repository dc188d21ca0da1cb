"""Emails belong to a topic, unless they must reach everybody (semantics C1)."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Topic(Check):
    key = "topic"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        if draft.emails and draft.campaign.topic_id is None:
            yield warning(
                _t(
                    "The campaign has no topic: its emails are transactional, go to contacts who refused every topic too, "
                    "and have no link to unsubscribe. Choose a topic unless that is what you want."
                ),
                "topic",
            )
