"""A contact leaves a segment."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from . import registry
from .base import Params
from .segment_entered import SegmentTrigger


@registry.register
class SegmentLeft(SegmentTrigger):
    key = "segment_left"
    label = _("A contact leaves a segment")
    icon = "logout"

    def describe(self, params: Params) -> str:
        return _t("leaves segment “%s”") % self.name(params)

    def segments_left(self, params: Params) -> frozenset[int]:
        return self.named(params)
