"""A block with which editors put a sign-up form on any page that is made of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts import topics
from wagtail_journeys.tracking import sign_up_form
from wagtail_journeys.tracking.sign_up_form import SignUpForm


def topic_choices() -> list[tuple[str, str]]:
    return [(topic.slug, topic.name) for topic in topics.offered()]


def form_on(request: HttpRequest | None, slugs: list[str], **more: Any) -> SignUpForm:
    """The form as it stands on the page that is asked for."""
    page_url = request.build_absolute_uri(request.path) if request is not None else ""
    return sign_up_form.offer(slugs, page_url=page_url, **more)


class SignUpBlock(blocks.StructBlock):
    """``("sign_up", SignUpBlock())`` in a page's StreamField. Its template is ``wagtail_journeys/sign_up/block.html``."""

    heading = blocks.CharBlock(required=False, max_length=120, label=_("Heading"))
    text = blocks.TextBlock(required=False, label=_("Text"))
    topics = blocks.MultipleChoiceBlock(
        choices=topic_choices,
        required=False,
        widget=CheckboxSelectMultiple,
        label=_("Topics"),
        help_text=_(
            "With one topic the form says its words of consent; with several people tick what they want. None: all that "
            "contacts can choose."
        ),
    )
    ask_name = blocks.BooleanBlock(required=False, label=_("Also ask for the first name"))
    button = blocks.CharBlock(
        required=False, max_length=60, label=_("Button"), help_text=_("Empty: “Sign up”.")
    )

    class Meta:
        icon = "mail"
        label = _("Sign-up form")
        template = "wagtail_journeys/sign_up/block.html"

    def get_context(self, value: Any, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        slugs = list(value.get("topics") or [])
        context["form"] = form_on(
            (parent_context or {}).get("request"),
            slugs,
            ask_name=bool(value.get("ask_name")),
            button=value.get("button") or "",
            prefix="-".join(["sign-up", *slugs]),
        )
        return context
