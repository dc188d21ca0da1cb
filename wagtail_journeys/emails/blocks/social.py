"""Where the organisation is found elsewhere, as words: icons would be images of somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks

from wagtail_journeys.emails import liquid
from wagtail_journeys.emails.look import Profile

from .base import SITE, EmailBlock

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition


class ProfileBlock(blocks.StructBlock):
    name = blocks.CharBlock(
        max_length=40, label=_("Name"), help_text=_("As readers know it: LinkedIn, Mastodon …")
    )
    url = blocks.URLBlock(max_length=500, label=_("Address"))

    class Meta:
        icon = "site"
        label = _("Profile")
        label_format = "{name}"
        form_classname = "struct-block wj-row"


class SocialBlock(EmailBlock, blocks.StructBlock):
    align = blocks.ChoiceBlock(
        choices=[("left", pgettext_lazy("side", "left")), ("center", _("in the middle"))],
        default="center",
        label=_("Where"),
    )
    profiles = blocks.ListBlock(
        ProfileBlock(),
        min_num=0,
        default=[],
        label=_("Profiles"),
        help_text=_("Empty: those of the email brand settings of the site."),
    )

    class Meta:
        icon = "group"
        label = _("Social links")
        group = SITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        links = [
            f'<a href="{ctx.href(profile.url)}" style="{ctx.link_style};font-weight:600">{ctx.quote(profile.name)}</a>'
            for profile in self._profiles(value, ctx)
        ]
        if not links:
            return ""
        return f'<mj-text align="{value["align"]}">{" &nbsp;·&nbsp; ".join(links)}</mj-text>'

    def text(self, value: Any, ctx: Composition) -> str:
        return "\n".join(
            f"{liquid.literal(profile.name)}: {ctx.link(profile.url)}"
            for profile in self._profiles(value, ctx)
        )

    def _profiles(self, value: Any, ctx: Composition) -> list[Profile]:
        own = [Profile(item["name"], item["url"]) for item in value["profiles"] if item["url"]]
        return own or list(ctx.look.social)
