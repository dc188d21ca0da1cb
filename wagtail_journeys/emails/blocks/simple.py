"""Words, pictures and what stands between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock

from wagtail_journeys.emails import liquid
from wagtail_journeys.emails.pages import image_address
from wagtail_journeys.emails.widgets import PICKER
from wagtail_journeys.exceptions import TemplateError

from .base import LAYOUT, MERGE_TAG_HELP, SITE, WRITE, EmailBlock, LinkBlock, Words, there

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition

RICH_TEXT_FEATURES = ["h2", "h3", "bold", "italic", "link", "document-link", "ol", "ul"]


class HeadingBlock(EmailBlock, blocks.StructBlock):
    words = Words(max_length=200, label=_("Heading"), help_text=MERGE_TAG_HELP)
    level = blocks.ChoiceBlock(choices=[("1", _("large")), ("2", _("medium"))], default="1", label=_("Size"))

    class Meta:
        icon = "title"
        label = _("Heading")
        label_format = "{words}"
        group = WRITE

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
        form_attrs = PICKER
        group = WRITE

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
        group = WRITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        url = self.child_blocks["link"].address(value["link"])
        href = f' href="{ctx.href(url)}"' if url else ""
        source = ctx.image(image_address(there(value["image"]), ctx.image_size))
        return f'<mj-image src="{source}" alt="{ctx.words(value["alt"])}"{href}{ctx.fluid} />'

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
        group = WRITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f'<mj-button href="{ctx.href(self._address(value))}">{ctx.words(value["words"])}</mj-button>'

    def text(self, value: Any, ctx: Composition) -> str:
        return f"{value['words']}: {ctx.link(self._address(value))}"

    def _address(self, value: Any) -> str:
        url = self.child_blocks["link"].address(value["link"])
        if not url:
            raise TemplateError(_t("The button “%s” leads nowhere.") % value["words"])
        return url


class QuoteBlock(EmailBlock, blocks.StructBlock):
    words = Words(max_length=600, label=_("What was said"), help_text=MERGE_TAG_HELP)
    who = Words(required=False, max_length=200, label=_("By whom"))

    class Meta:
        icon = "openquote"
        label = _("Quote")
        label_format = "{words}"
        group = WRITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        who = (
            f'<p style="margin:8px 0 0;font-size:14px;line-height:1.5">{ctx.words(value["who"])}</p>'
            if value["who"]
            else ""
        )
        return (
            '<mj-text padding="12px 24px">'
            f'<div style="border-left:4px solid {ctx.look.link};padding-left:16px">'
            f'<p style="margin:0;font-size:18px;line-height:1.5;font-style:italic">{ctx.words(value["words"])}</p>{who}'
            "</div></mj-text>"
        )

    def text(self, value: Any, ctx: Composition) -> str:
        return f"> {value['words']}" + (f"\n> — {value['who']}" if value["who"] else "")


class DividerBlock(EmailBlock, blocks.StaticBlock):
    class Meta:
        icon = "minus"
        label = _("Divider")
        admin_text = _("A line from side to side.")
        group = LAYOUT

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
        group = LAYOUT

    def mjml(self, value: Any, ctx: Composition) -> str:
        return f'<mj-spacer height="{int(value)}px" />'

    def text(self, value: Any, ctx: Composition) -> str:
        return ""


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
        group = SITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        document = there(value["document"])
        words = ctx.words(value["words"]) if value["words"] else ctx.quote(document.title)
        return f'<mj-text><a href="{ctx.href(document.url)}" style="{ctx.link_style}">{words}</a></mj-text>'

    def text(self, value: Any, ctx: Composition) -> str:
        document = there(value["document"])
        return f"{value['words'] or liquid.literal(document.title)}: {ctx.link(document.url)}"
