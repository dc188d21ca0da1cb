from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from wagtail.admin.forms.models import WagtailAdminModelForm

from wagtail_journeys.exceptions import BadRules, SegmentCycle
from wagtail_journeys.streams import raw

from . import compiler, drafts
from .models import Segment


class SegmentForm(WagtailAdminModelForm):
    """A draft may be unfinished; what goes live needs rules, and may not ask for itself."""

    class Media:
        css = {"all": ["wagtail_journeys/editor.css", "wagtail_journeys/segments.css"]}
        js = [
            "wagtail_journeys/saving.js",
            "wagtail_journeys/segments-rows.js",
            "wagtail_journeys/segments.js",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.is_deferred_validation or "rules" in self.errors:
            return cleaned
        rules = raw(cleaned.get("rules"))
        if cleaned.get("kind") == Segment.Kind.DYNAMIC and not rules:
            self.add_error("rules", _t("Add at least one rule: without rules the segment says nothing."))
        try:
            compiler.check_cycle(self.instance.pk, rules)
        except SegmentCycle:
            self.add_error("rules", self._cycle_message(rules))
        except BadRules as error:
            self.add_error("rules", str(error))
        return cleaned

    def _cycle_message(self, rules: list[dict[str, Any]]) -> str:
        names = drafts.cycle(self.instance.pk, rules)
        if not names:
            return _t("The segment asks for itself. Take that rule out.")
        way = " → ".join(f"“{name}”" for name in names)
        return _t("The segment would ask for itself, by way of %(way)s. Take one of these rules out.") % {
            "way": way
        }
