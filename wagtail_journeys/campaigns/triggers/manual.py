"""Somebody adds contacts: by hand, from a segment, by the API, or by a step of another campaign."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from . import registry
from .base import Params, Trigger


@registry.register
class Manual(Trigger):
    key = "manual"
    label = _("Contacts are added")
    icon = "plus"
    fact = False
    by_hand = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "note",
                blocks.CharBlock(
                    required=False,
                    max_length=200,
                    label=_("Note"),
                    help_text=_(
                        "Who adds them, for example. Contacts are added by hand, from a segment, by the API or by a step of "
                        "another campaign."
                    ),
                ),
            )
        ]

    def describe(self, params: Params) -> str:
        return _t("is added to it")
