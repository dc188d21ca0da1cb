"""The blocks that an email is made of. Each one writes its own MJML and its own plain text.

A block of a site's own is one class: a Wagtail block with ``EmailBlock`` mixed in. It writes MJML with the marks that
the composition gives it (``ctx.words(…)``, ``ctx.href(…)``), never with an editor's text itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images import get_image_model
from wagtail.images.blocks import ImageChooserBlock

from wagtail_journeys.exceptions import TemplateError

from . import liquid

if TYPE_CHECKING:
    from .composing import Composition

RICH_TEXT_FEATURES = ["h2", "h3", "bold", "italic", "link", "document-link", "ol", "ul"]

#: Twice the width of an email, so that it is sharp on screens with two dots to a pixel.
IMAGE_FILTER = "width-1200"
#: What most mail programs cannot show is made into something that they can.
IMAGE_FILTER_OTHERS = "width-1200|format-png"
MAIL_FORMATS = ("jpg", "jpeg", "png", "gif")

MERGE_TAG_HELP = _("Merge tags may be used: {{ contact.first_name }}")


class EmailBlock:
    """What the composition asks of a block that stands in an email."""

    def mjml(self, value: Any, ctx: Composition) -> str:
        """MJML components that may stand in an ``mj-column``."""
        raise NotImplementedError

    def text(self, value: Any, ctx: Composition) -> str:
        """The same for people who read plain text; Liquid is kept."""
        raise NotImplementedError


class Words(blocks.CharBlock):
    """One line in which merge tags may stand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[liquid.validate_outputs], **kwargs)


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
            self._check(value["url"])
        return value

    def _check(self, url: str) -> None:
        from .composing import Composition

        try:
            Composition("", "https://site.example").link(url)
        except TemplateError as error:
            raise blocks.StructBlockValidationError(
                block_errors={"url": ValidationError(str(error))}
            ) from error

    def address(self, value: Any) -> str:
        """The chosen address, or nothing. Raises TemplateError for a page that has none."""
        if value.get("page"):
            return page_address(value["page"])
        if value.get("document"):
            return value["document"].url
        return value.get("url") or ""


def page_address(page: Any) -> str:
    url = page.localized.full_url
    if not url:
        raise TemplateError(_t("The page “%s” has no address on any site.") % page)
    return url


def image_address(image: Any) -> str:
    extension = image.file.name.rpartition(".")[2].lower()
    return image.get_rendition(IMAGE_FILTER if extension in MAIL_FORMATS else IMAGE_FILTER_OTHERS).url


class HeadingBlock(EmailBlock, blocks.StructBlock):
    words = Words(max_length=200, label=_("Heading"), help_text=MERGE_TAG_HELP)
    level = blocks.ChoiceBlock(choices=[("1", _("large")), ("2", _("medium"))], default="1", label=_("Size"))

    class Meta:
        icon = "title"
        label = _("Heading")
        label_format = "{words}"

    def mjml(self, value: Any, ctx: Composition) -> str:
        tag, size = ("h1", "28px") if value["level"] == "1" else ("h2", "22px")
        return (
            f'<mj-text font-size="{size}" line-height="1.25" font-weight="700" padding="16px 24px 8px">'
            f'<{tag} style="margin:0;font-size:{size};line-height:1.25">{ctx.words(value["words"])}</{tag}></mj-text>'
        )

    def text(self, value: Any, ctx: Composition) -> str:
        return f"{value['words']}\n{('=' if value['level'] == '1' else '-') * min(len(value['words']), 60)}"


class TextBlock(EmailBlock, blocks.RichTextBlock):
    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"features": RICH_TEXT_FEATURES, "help_text": MERGE_TAG_HELP} | kwargs
        super().__init__(validators=[self._check], **kwargs)

    @staticmethod
    def _check(value: Any) -> None:
        liquid.validate_outputs(getattr(value, "source", value))

    class Meta:
        icon = "pilcrow"
        label = _("Text")

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f"<mj-text>{ctx.rich(value.source)}</mj-text>"

    def text(self, value: Any, ctx: Composition) -> str:
        return ctx.rich_text(value.source)


class MailImageChooserBlock(ImageChooserBlock):
    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        if value is not None and value.is_svg():
            raise ValidationError(_t("Most mail programs do not show SVG images: choose a PNG or a JPEG."))
        return value


class ImageBlock(EmailBlock, blocks.StructBlock):
    image = MailImageChooserBlock(label=_("Image"))
    alt = Words(
        max_length=300,
        label=_("Alternative text"),
        help_text=_("Says what the image says. Many mail programs show no images until asked to."),
    )
    link = LinkBlock(optional=True, label=_("Link"))

    class Meta:
        icon = "image"
        label = _("Image")
        label_format = "{alt}"

    def mjml(self, value: Any, ctx: Composition) -> str:
        url = self.child_blocks["link"].address(value["link"])
        href = f' href="{ctx.href(url)}"' if url else ""
        return f'<mj-image src="{ctx.image(image_address(_there(value["image"])))}" alt="{ctx.words(value["alt"])}"{href} />'

    def text(self, value: Any, ctx: Composition) -> str:
        url = self.child_blocks["link"].address(value["link"])
        return f"{value['alt']}: {ctx.link(url)}" if url else f"[{value['alt']}]"


class ButtonBlock(EmailBlock, blocks.StructBlock):
    words = Words(max_length=100, label=_("Words on the button"), help_text=MERGE_TAG_HELP)
    link = LinkBlock(label=_("Leads to"))

    class Meta:
        icon = "link"
        label = _("Button")
        label_format = "{words}"

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f'<mj-button href="{ctx.href(self._address(value))}">{ctx.words(value["words"])}</mj-button>'

    def text(self, value: Any, ctx: Composition) -> str:
        return f"{value['words']}: {ctx.link(self._address(value))}"

    def _address(self, value: Any) -> str:
        url = self.child_blocks["link"].address(value["link"])
        if not url:
            raise TemplateError(_t("The button “%s” leads nowhere.") % value["words"])
        return url


class DividerBlock(EmailBlock, blocks.StaticBlock):
    class Meta:
        icon = "minus"
        label = _("Divider")
        admin_text = _("A line from side to side.")

    def mjml(self, value: Any, ctx: Composition) -> str:
        return "<mj-divider />"

    def text(self, value: Any, ctx: Composition) -> str:
        return "-" * 40


class SpacerBlock(EmailBlock, blocks.ChoiceBlock):
    choices = [("16", _("small")), ("32", _("medium")), ("64", _("large"))]

    class Meta:
        icon = "placeholder"
        label = _("Space")
        default = "32"

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f'<mj-spacer height="{int(value)}px" />'

    def text(self, value: Any, ctx: Composition) -> str:
        return ""


class PageTeaserBlock(EmailBlock, blocks.StructBlock):
    """A page shown with its title, its image and its summary. What the page says when the template is published."""

    page = blocks.PageChooserBlock(label=_("Page"))
    words = Words(max_length=100, default=_("Read more"), label=_("Words of the link"))

    #: Fields in which pages usually keep a few sentences about themselves, best first.
    SUMMARIES = ("teaser", "summary", "introduction", "intro", "search_description")

    class Meta:
        icon = "doc-full"
        label = _("Page")
        label_format = "{page}"

    def mjml(self, value: Any, ctx: Composition) -> str:
        page, href = self._page(value)
        image = self.page_image(page)
        parts = []
        if image is not None:
            parts.append(
                f'<mj-image src="{ctx.image(image_address(image))}" alt="" href="{ctx.href(href)}" />'
            )
        parts.append(
            '<mj-text font-weight="700" font-size="20px" line-height="1.3">'
            f'<a href="{ctx.href(href)}" style="color:inherit;text-decoration:none">{ctx.quote(page.title)}</a></mj-text>'
        )
        summary = self.page_summary(page)
        if summary:
            parts.append(f"<mj-text>{ctx.quote(summary)}</mj-text>")
        parts.append(
            f'<mj-text><a href="{ctx.href(href)}" style="color:#1d4ed8">{ctx.words(value["words"])}</a></mj-text>'
        )
        return "\n".join(parts)

    def text(self, value: Any, ctx: Composition) -> str:
        page, href = self._page(value)
        lines = [page.title, self.page_summary(page)]
        return "\n".join(
            [*(liquid.literal(line) for line in lines if line), f"{value['words']}: {ctx.link(href)}"]
        )

    def _page(self, value: Any) -> tuple[Any, str]:
        page = _there(value["page"]).localized
        return page.specific, page_address(page)

    def page_image(self, page: Any) -> Any:
        """The first image that the page has, in the order of its fields."""
        for field in page._meta.get_fields():
            if field.many_to_one and field.concrete and field.related_model is get_image_model():
                image = getattr(page, field.name)
                if image is not None and not image.is_svg():
                    return image
        return None

    def page_summary(self, page: Any) -> str:
        found = (getattr(page, name, "") for name in self.SUMMARIES)
        return next((text.strip() for text in found if isinstance(text, str) and text.strip()), "")


class DocumentLinkBlock(EmailBlock, blocks.StructBlock):
    document = DocumentChooserBlock(label=_("Document"))
    words = Words(
        required=False,
        max_length=200,
        label=_("Words of the link"),
        help_text=_("Empty: the title of the document."),
    )

    class Meta:
        icon = "doc-full-inverse"
        label = _("Document")
        label_format = "{document}"

    def mjml(self, value: Any, ctx: Composition) -> str:
        document = _there(value["document"])
        words = ctx.words(value["words"]) if value["words"] else ctx.quote(document.title)
        return f'<mj-text><a href="{ctx.href(document.url)}" style="color:#1d4ed8">{words}</a></mj-text>'

    def text(self, value: Any, ctx: Composition) -> str:
        document = _there(value["document"])
        return f"{value['words'] or liquid.literal(document.title)}: {ctx.link(document.url)}"


def _there(chosen: Any) -> Any:
    if chosen is None:
        raise TemplateError(
            _t("Something that a block shows has been deleted. Choose another or take the block out.")
        )
    return chosen


class EmailBodyBlock(blocks.StreamBlock):
    heading = HeadingBlock()
    text = TextBlock()
    image = ImageBlock()
    button = ButtonBlock()
    page = PageTeaserBlock()
    document = DocumentLinkBlock()
    divider = DividerBlock()
    space = SpacerBlock()
