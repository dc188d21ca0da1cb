"""``{% load journeys %}`` … ``{% journeys_tracker %}`` before ``</body>``; ``{% journeys_identity_token %}`` for members;
``{% journeys_sign_up "newsletter" %}`` for a sign-up form anywhere."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.models import AbstractPage

from wagtail_journeys.conf import conf
from wagtail_journeys.tracking.sign_up_block import form_on
from wagtail_journeys.tracking.tokens import identity_token
from wagtail_journeys.tracking.visitor import COOKIELESS

register = template.Library()


@register.simple_tag(takes_context=True)
def journeys_tracker(context: dict[str, Any]) -> SafeString | str:
    """The tracker's script tag, the same for every visitor; nothing in previews, or with JOURNEYS_TRACKING = False."""
    request = context.get("request")
    if not conf.TRACKING or getattr(request, "is_preview", False):
        return ""
    cookieless = conf.TRACKING == COOKIELESS
    found = context.get("page")
    page = found if isinstance(found, AbstractPage) and found.pk else None
    return format_html(
        "<script{}></script>",
        flatatt(
            {
                "src": static("wagtail_journeys/tracker.js"),
                "defer": True,
                "data-endpoint": reverse("wagtail_journeys:collect"),
                "data-cookie": None if cookieless else conf.VISITOR_COOKIE,
                "data-age": None if cookieless else conf.VISITOR_COOKIE_AGE,
                "data-ask": bool(conf.CONSENT_BACKEND),
                "data-dnt": "1" if conf.HONOUR_DNT else None,
                "data-page": page.pk if page else None,
                "data-locale": page.locale.language_code if page else translation.get_language(),
            }
        ),
    )


@register.simple_tag(takes_context=True)
def journeys_identity_token(context: dict[str, Any]) -> str:
    """The signed identity of the user who is logged in, for ``journeys.identify(token)``; empty for everybody else.

    For pages that are made for one member: never put it on a page that a cache may give to somebody else.
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    return identity_token(user, request) if user is not None and user.is_authenticated else ""


@register.inclusion_tag("wagtail_journeys/sign_up/form.html", takes_context=True)
def journeys_sign_up(
    context: dict[str, Any],
    *topics: str,
    ask_name: bool = False,
    button: str = "",
    prefix: str = "sign-up-tag",
) -> dict[str, Any]:
    """A form to sign up for these topics (by their slugs), without any: for all that contacts can choose."""
    form = form_on(context.get("request"), list(topics), ask_name=ask_name, button=button, prefix=prefix)
    return {"form": form, "request": context.get("request")}
