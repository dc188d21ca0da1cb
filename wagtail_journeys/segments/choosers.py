"""What editors of rules choose from, beyond what Wagtail has a chooser for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail import blocks
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.models import Collection, get_page_models


class TagChooserViewSet(ChooserViewSet):
    model = Tag
    icon = "tag"
    url_prefix = "journeys/choose-tag"
    choose_one_text = _("Choose a tag")
    choose_another_text = _("Choose another tag")
    per_page = 20

    def get_object_list(self) -> Any:
        return Tag.objects.order_by("name")


tag_chooser = TagChooserViewSet("journeys_tag_chooser")
TagChooserBlock: Any = tag_chooser.get_block_class(
    name="TagChooserBlock", module_path="wagtail_journeys.segments.choosers"
)


def collections() -> list[tuple[str, str]]:
    """All collections, those in others indented below them. One statement."""
    rows = Collection.objects.order_by("path").values_list("pk", "name", "depth")
    return [(str(pk), "\N{NO-BREAK SPACE}" * 4 * (depth - 1) + name) for pk, name, depth in rows]


def page_types() -> list[tuple[str, str]]:
    """The page types of the site, as app and model, with their names."""
    models = [model for model in get_page_models() if not model.__subclasses__() or model.is_creatable]
    named = [(model._meta.label_lower, str(model.get_verbose_name())) for model in models]
    return sorted(named, key=lambda one: one[1].lower())


def form_pages() -> list[str]:
    """The page types with a form, as app and model, as a page chooser wants them."""
    try:
        from wagtail.contrib.forms.models import FormMixin
    except (ImportError, RuntimeError):  # the app for forms is not installed
        return []
    return [model._meta.label for model in get_page_models() if issubclass(model, FormMixin)]


class CollectionBlock(blocks.ChoiceBlock):
    """Stores the id of a collection, as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"choices": collections, **kwargs})


class PageTypeBlock(blocks.ChoiceBlock):
    """Stores a page type as app and model: "website.articlepage"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"choices": page_types, **kwargs})
