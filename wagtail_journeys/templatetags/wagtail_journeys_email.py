"""For the templates of emails, which are filled in a second time, as Liquid."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from wagtail_journeys.emails import liquid

register = template.Library()


@register.filter(needs_autoescape=True)
def literal(value: str, autoescape: bool = True) -> SafeString:
    """Text of somebody's, printed as it is: braces in it are no merge tags."""
    text = conditional_escape(value) if autoescape else str(value)
    return mark_safe(liquid.literal(text))  # noqa: S308  escaped above, where HTML is written
