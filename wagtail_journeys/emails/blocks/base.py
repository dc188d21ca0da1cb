"""What every block of an email has in common, and the fields that many of them use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock

from wagtail_journeys.emails import addresses, liquid
from wagtail_journeys.emails.pages import page_address
from wagtail_journeys.emails.widgets import with_tags
from wagtail_journeys.exceptions import TemplateError

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition

MERGE_TAG_HELP = _("Merge tags may be used: {{ contact.first_name }}")

#: Headings in the chooser of blocks.
WRITE, SITE, PERSONAL, LAYOUT = _("Words and pictures"), _("From the site"), _("Personal"), _("Layout")


class Piece(NamedTuple):
    """MJML out of a block. ``wide``: sections of its own, from side to side; else it stands in a column."""

    mjml: str
    wide: bool = False


class EmailBlock:
    """What the composition asks of a block that stands in an email."""

    def mjml(self, value: Any, ctx: Composition) -> str:
        """MJML components that may stand in an ``mj-column``."""
        raise NotImplementedError

    def text(self, value: Any, ctx: Composition) -> str:
        """The same for people who read plain text; Liquid is kept."""
        raise NotImplementedError

    def pieces(self, value: Any, ctx: Composition) -> Iterator[Piece]:
        """For blocks that hold others, or that are wider than a column."""
        yield Piece(self.mjml(value, ctx))


class Words(blocks.CharBlock):
    """One line in which merge tags may stand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[liquid.validate_outputs], **kwargs)
        self.field.widget = with_tags(self.field.widget)


class LinkBlock(blocks.StructBlock):
    """Where something leads: a page, a document, or an address. At most one of them."""

    page = blocks.PageChooserBlock(required=False, label=_("Page"))
    document = DocumentChooserBlock(required=False, label=_("Document"))
    url = Words(
        required=False,
        max_length=2000,
        label=_("Or an address"),
        help_text=_("https://…, mailto:… or a merge tag such as {{ event.url }}"),
    )

    def __init__(self, *, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optional = optional

    class Meta:
        icon = "link"
        label = _("Link")

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        chosen = [name for name in ("page", "document", "url") if value.get(name)]
        if len(chosen) > 1:
            problem = ValidationError(_t("Choose one: a page, a document or an address."))
            raise blocks.StructBlockValidationError(block_errors={chosen[-1]: problem})
        if not chosen and not self.optional and not getattr(self, "is_deferred_validation", False):
            problem = ValidationError(_t("Choose where this leads."))
            raise blocks.StructBlockValidationError(block_errors={"page": problem})
        if value.get("url"):
            try:
                addresses.link(value["url"], "https://site.example")
            except TemplateError as error:
                raise blocks.StructBlockValidationError(
                    block_errors={"url": ValidationError(str(error))}
                ) from error
        return value

    def address(self, value: Any) -> str:
        """The chosen address, or nothing. Raises TemplateError for a page that has none."""
        if value.get("page"):
            return page_address(value["page"])
        if value.get("document"):
            return value["document"].url
        return value.get("url") or ""


def there(chosen: Any) -> Any:
    if chosen is None:
        raise TemplateError(
            _t("Something that a block shows has been deleted. Choose another or take the block out.")
        )
    return chosen
