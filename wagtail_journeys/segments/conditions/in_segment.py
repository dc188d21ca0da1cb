"""Belongs, belonged, or does not belong to another segment: one with rules, or a list kept by hand."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.segments.rows import Attrs, all_of, shown_when

from . import period, registry
from .base import Condition, Mentions, Params
from .period import Period

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

MODES = {
    "in": _("is in"),
    "not_in": _("is not in"),
    "ever": _("is or was in"),
    "never": _("never was in"),
    "entered": _("entered"),
    "left": _("left"),
}
#: Modes that ask when.
IN_PERIOD = ["entered", "left"]

SENTENCES = {
    "in": _("is in segment “%s”"),
    "not_in": _("is not in segment “%s”"),
    "ever": _("is or was in segment “%s”"),
    "never": _("never was in segment “%s”"),
    "entered": _("entered segment “%s”"),
    "left": _("left segment “%s”"),
}
#: The same for a list kept by hand.
LIST_SENTENCES = {
    "in": _("is on the list “%s”"),
    "not_in": _("is not on the list “%s”"),
    "ever": _("is or was on the list “%s”"),
    "never": _("never was on the list “%s”"),
    "entered": _("was put on the list “%s”"),
    "left": _("was taken off the list “%s”"),
}


def _only(fields: list[tuple[str, blocks.Block]], when: Attrs) -> list[tuple[str, blocks.Block]]:
    """The fields of a period, there only for the modes that have one."""
    for _name, block in fields:
        if isinstance(block, blocks.FieldBlock):
            block.field.required = False  # what is not there need not be filled in
        own = block.meta.form_attrs
        block.meta.form_attrs = all_of(when, own) if own else when
    return fields


@registry.register
class InSegment(Condition):
    key = "in_segment"
    label = _("In another segment")
    icon = "group"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        when = shown_when("mode", IN_PERIOD)
        return [
            (
                "mode",
                blocks.ChoiceBlock(choices=list(MODES.items()), default="in", label=_("The contact")),
            ),
            (
                "segment",
                SnippetChooserBlock(
                    "wagtail_journeys.Segment",
                    label=_("Segment"),
                    help_text=_("A segment with rules, or a list kept by hand."),
                ),
            ),
            *_only(period.fields(), when),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        return period.problems(value) if value["mode"] in IN_PERIOD else {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        found = Q(Exists(self._stays(params, now).filter(contact_id=OuterRef("pk"))))
        return ~found if params["mode"] in ("not_in", "never") else found

    def _stays(self, params: Params, now: datetime.datetime) -> QuerySet[Any, Any]:
        mode = params["mode"]
        if mode not in MODES:
            raise ValueError(f"There is no {mode!r}.")
        stays = apps.get_model("wagtail_journeys", "Membership").objects.filter(segment_id=params["segment"])
        if mode in ("in", "not_in"):
            return stays.filter(left_at__isnull=True)
        if mode == "entered":
            return stays.filter(Period.read(params, now).q("entered_at"))
        if mode == "left":
            return stays.filter(Period.read(params, now).q("left_at"), left_at__isnull=False)
        return stays

    def mentions(self, params: Params) -> Mentions:
        segments = frozenset({params["segment"]}) if params.get("segment") else frozenset()
        return Mentions(segments=segments, clock=params.get("mode") in IN_PERIOD and period.moves(params))

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        moment = "entered_at" if params["mode"] == "entered" else "left_at"
        stays = apps.get_model("wagtail_journeys", "Membership").objects.filter(segment_id=params["segment"])
        crossed = Period.read(params, now).crossed(since, now, moment)
        return stays.filter(crossed).values_list("contact_id", flat=True)

    def describe(self, params: Params) -> str:
        mode = params["mode"]
        when = period.describe(params) if mode in IN_PERIOD else ""
        if not params["segment"]:
            return SENTENCES[mode] % "…" + when
        Segment = apps.get_model("wagtail_journeys", "Segment")
        segment = Segment.objects.filter(pk=params["segment"]).values_list("name", "kind").first()
        if segment is None:
            return SENTENCES[mode] % _t("a deleted segment") + when
        sentences = LIST_SENTENCES if segment[1] == Segment.Kind.STATIC else SENTENCES
        return sentences[mode] % segment[0] + when

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        Membership = apps.get_model("wagtail_journeys", "Membership")
        stays = Membership.objects.filter(segment_id=params["segment"], contact_id=contact.pk)
        stay = stays.order_by("-entered_at").values_list("entered_at", "left_at").first()
        if stay is None:
            return _t("never was in it")
        entered, left = (
            at and date_format(at.astimezone(timezone.get_default_timezone()), "DATE_FORMAT") for at in stay
        )
        if left:
            return _t("entered on %(entered)s, left on %(left)s") % {"entered": entered, "left": left}
        return _t("entered on %s") % entered
