"""Blocks that several emails share, kept as a snippet: a header, a footer, an announcement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.models import DraftStateMixin, Locale, PreviewableMixin, RevisionMixin, TranslatableMixin
from wagtail.search import index

from wagtail_journeys.snippets import LateDraftMixin
from wagtail_journeys.streams import RegistryStreamField

from . import preview
from .blocks import FragmentBody

if TYPE_CHECKING:
    from .models import EmailTemplate


class EmailFragment(
    LateDraftMixin,
    DraftStateMixin,
    RevisionMixin,
    PreviewableMixin,
    TranslatableMixin,
    index.Indexed,
    models.Model,
):
    """Blocks for several emails. Publishing it makes new versions of the live emails that show it."""

    name = models.CharField(_("name"), max_length=200, help_text=_("For editors; contacts never see it."))
    body = RegistryStreamField(FragmentBody, blank=True, verbose_name=_("body"))

    _revisions = GenericRelation("wagtailcore.Revision", related_query_name="journeys_email_fragment")

    search_fields = [
        index.SearchField("name"),
        index.AutocompleteField("name"),
        index.FilterField("locale_id"),
    ]

    class Meta(TranslatableMixin.Meta):
        verbose_name = _("email fragment")
        verbose_name_plural = _("email fragments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    preview_modes = [("html", _("HTML")), ("text", _("Plain text"))]
    preview_sizes = preview.SIZES
    default_preview_size = "desktop"

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return preview.serve(self.as_template(), request, mode_name)

    def as_template(self) -> EmailTemplate:
        """An email that says nothing else; not saved."""
        template: EmailTemplate = apps.get_model("wagtail_journeys", "EmailTemplate")(
            name=self.name, subject=self.name, locale=self.locale
        )
        template.body = self.body
        return template

    def in_language(self, language: str) -> EmailFragment:
        """The published translation into this language, else this one."""
        if self.locale.language_code == language:
            return self
        others = type(self)._default_manager.filter(translation_key=self.translation_key, live=True)
        return others.filter(locale__language_code=language).first() or self

    def copy_for_translation(self, locale: Locale, exclude_fields: Any = None) -> EmailFragment:
        """A draft, whatever this one is: until it is translated and published, emails show the original."""
        translated: EmailFragment = super().copy_for_translation(locale, exclude_fields)
        translated.live, translated.has_unpublished_changes = False, True
        translated.first_published_at = translated.last_published_at = None
        return translated
