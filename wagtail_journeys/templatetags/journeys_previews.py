"""Preview templates ask for what they show; so the models, which sit below the logic, need not know it."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wagtail_journeys.campaigns import preview as campaigns
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.segments import preview as segments
from wagtail_journeys.segments.models import Segment

register = template.Library()


@register.simple_tag(takes_context=True)
def segment_preview(context: dict[str, Any], segment: Segment) -> segments.Preview:
    # Part of a view: "who matches now" is asked for the moment at which the editor looks.
    now = timezone.now()  # noqa: TID251
    return segments.preview(segment, context["request"].user, now)


@register.simple_tag
def campaign_preview(campaign: Campaign) -> campaigns.Preview:
    return campaigns.preview(campaign, timezone.now())  # noqa: TID251  part of a view, as above


@register.filter
def breakable(address: str) -> SafeString:
    """An email address that a narrow column breaks before its "@", and not just anywhere."""
    name, at, domain = str(address).partition("@")
    return format_html("{}<wbr>{}{}", name, at, domain)


@register.simple_tag(takes_context=True)
def admin_theme(context: dict[str, Any]) -> str:
    """The theme that the editor chose for the admin: "light", "dark" or "system"; the preview is a page of its own."""
    user = getattr(context.get("request"), "user", None)
    profile = getattr(user, "wagtail_userprofile", None)
    return str(getattr(profile, "theme", "") or "system")
