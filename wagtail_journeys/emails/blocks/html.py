"""HTML as somebody wrote it, made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.emails import liquid

from .base import LAYOUT, EmailBlock

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition


class RawHTMLBlock(EmailBlock, blocks.TextBlock):
    """Needs a permission of its own. Scripts, forms, frames and images of other hosts are taken out."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = _(
            "Needs its own permission. Scripts, forms and everything that loads from elsewhere are taken out."
        )
        super().__init__(
            **{"rows": 6, "help_text": help_text, "validators": [liquid.validate_outputs]} | kwargs
        )

    class Meta:
        icon = "code"
        label = _("HTML")
        group = LAYOUT

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f"<mj-text>{ctx.as_is(ctx.raw_html(value))}</mj-text>"

    def text(self, value: Any, ctx: Composition) -> str:
        return ctx.html_text(ctx.raw_html(value))
