"""Campaigns that send emails without a topic ignore what contacts have refused: that takes a permission of its own (C1)."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .checks import Draft

PERMISSION = "wagtail_journeys.ignore_topics_campaign"

REFUSED: Promise = _(
    "You may not publish campaigns that ignore topics. Choose a topic, or ask somebody who may."
)


def ignores_topics(draft: Draft) -> bool:
    return draft.campaign.topic_id is None and bool(draft.emails)


def refusal(draft: Draft, user: Any) -> str:
    """Why this person may not bring the draft closer to going live; "" where it may. ``user`` None: the system."""
    return "" if user is None or not ignores_topics(draft) or user.has_perm(PERMISSION) else str(REFUSED)
