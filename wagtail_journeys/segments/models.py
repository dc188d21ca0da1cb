from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.models import DraftStateMixin, LockableMixin, PreviewableMixin, RevisionMixin
from wagtail.search import index

from wagtail_journeys.snippets import LateDraftMixin
from wagtail_journeys.streams import RegistryStreamField, raw

from .blocks import RulesBlock


class Match(models.TextChoices):
    ALL = "all", _("all of these")
    ANY = "any", _("any of these")
    NONE = "none", _("none of these")


class Segment(
    LateDraftMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    PreviewableMixin,
    index.Indexed,
    models.Model,
):
    """A rule that says who belongs, or a list kept by hand."""

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("by rules")
        STATIC = "static", _("kept by hand")

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(_("who belongs"), max_length=10, choices=Kind.choices, default=Kind.DYNAMIC)
    match = models.CharField(
        _("a contact belongs who matches"), max_length=4, choices=Match.choices, default=Match.ALL
    )
    rules = RegistryStreamField(RulesBlock, blank=True, verbose_name=_("rules"))
    # The pipeline rebuilds the memberships of a segment that carries this mark, and takes it off.
    rebuild_requested_at = models.DateTimeField(null=True, blank=True, editable=False)

    _revisions = GenericRelation("wagtailcore.Revision", related_query_name="journeys_segment")

    search_fields = [
        index.SearchField("name"),
        index.AutocompleteField("name"),
        index.SearchField("description"),
    ]

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def with_content_json(self, content: dict[str, Any]) -> Segment:
        restored = super().with_content_json(content)
        restored.rebuild_requested_at = self.rebuild_requested_at
        return restored

    @property
    def preview_sizes(self) -> list[dict[str, Any]]:
        return [{"name": "panel", "icon": "mobile-alt", "device_width": 420, "label": _("Preview")}]

    def get_preview_template(self, request: HttpRequest, mode_name: str) -> str:
        return "wagtail_journeys/segments/preview.html"

    @property
    def raw_rules(self) -> list[dict[str, Any]]:
        return raw(self.rules)


class Membership(models.Model):
    """One contact's stay in one segment."""

    wagtail_reference_index_ignore = True

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    contact = models.ForeignKey(
        "wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "contact"], condition=Q(left_at__isnull=True), name="wj_membership_once"
            )
        ]
        indexes = [
            models.Index(fields=["contact", "segment"], name="wj_membership_contact"),
            models.Index(fields=["segment", "entered_at"], name="wj_membership_entered"),
            models.Index(
                fields=["segment", "left_at"], name="wj_membership_left", condition=Q(left_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment} ({self.contact_id})"


class SegmentSize(models.Model):
    """How many contacts a segment had at the end of a day, and how many entered and left on it; today's row moves.

    Days are those of the site's time zone. What the listing and the growth chart read instead of counting stays.
    """

    wagtail_reference_index_ignore = True

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes", db_index=False)
    day = models.DateField()
    members = models.PositiveIntegerField()
    entered = models.PositiveIntegerField()
    left = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("size of a segment")
        verbose_name_plural = _("sizes of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="wj_segmentsize_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.day}: {self.members}"
