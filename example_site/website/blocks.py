"""What editors build a page from."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageBlock

from wagtail_journeys.tracking.sign_up_block import SignUpBlock

TEXT_FEATURES = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "document-link"]


class TipBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=80, label=_("Title"))
    text = blocks.RichTextBlock(features=["bold", "italic", "link"], label=_("Text"))

    class Meta:
        icon = "help"
        label = _("Tip")
        template = "website/blocks/tip.html"


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("Quotation"))
    name = blocks.CharBlock(max_length=80, label=_("Who says it"))
    role = blocks.CharBlock(max_length=120, required=False, label=_("Role or place"))

    class Meta:
        icon = "openquote"
        label = _("Quotation")
        template = "website/blocks/quote.html"


class FigureBlock(blocks.StructBlock):
    image = ImageBlock(label=_("Image"))
    caption = blocks.CharBlock(max_length=200, required=False, label=_("Caption"))

    class Meta:
        icon = "image"
        label = _("Image with caption")
        template = "website/blocks/figure.html"


class NumberBlock(blocks.StructBlock):
    number = blocks.CharBlock(max_length=20, label=_("Number"))
    text = blocks.CharBlock(max_length=120, label=_("What it counts"))


class NumbersBlock(blocks.StructBlock):
    numbers = blocks.ListBlock(NumberBlock(), min_num=2, max_num=4, label=_("Numbers"))

    class Meta:
        icon = "order"
        label = _("Numbers")
        template = "website/blocks/numbers.html"


class StepBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=80, label=_("Title"))
    text = blocks.TextBlock(label=_("Text"))


class StepsBlock(blocks.StructBlock):
    heading = blocks.CharBlock(max_length=120, label=_("Heading"))
    steps = blocks.ListBlock(StepBlock(), min_num=2, max_num=5, label=_("Steps"))

    class Meta:
        icon = "list-ol"
        label = _("Steps")
        template = "website/blocks/steps.html"


class PlanBlock(blocks.StructBlock):
    name = blocks.CharBlock(max_length=60, label=_("Name"))
    price = blocks.CharBlock(max_length=30, label=_("Price"))
    period = blocks.CharBlock(max_length=60, required=False, label=_("Per what"))
    text = blocks.TextBlock(label=_("For whom"))
    features = blocks.ListBlock(blocks.CharBlock(max_length=140), label=_("What you get"))
    button_text = blocks.CharBlock(max_length=40, label=_("Button text"))
    button_page = blocks.PageChooserBlock(required=False, label=_("Button leads to"))
    highlighted = blocks.BooleanBlock(required=False, label=_("Most chosen"))

    class Meta:
        icon = "tag"
        label = _("Plan")


class QuestionBlock(blocks.StructBlock):
    question = blocks.CharBlock(max_length=160, label=_("Question"))
    answer = blocks.RichTextBlock(features=["bold", "italic", "link", "ul"], label=_("Answer"))

    class Meta:
        icon = "help"
        label = _("Question")


class SpeakerBlock(blocks.StructBlock):
    name = blocks.CharBlock(max_length=80, label=_("Name"))
    role = blocks.CharBlock(max_length=120, label=_("Role"))

    class Meta:
        icon = "user"
        label = _("Speaker")


class BodyBlock(blocks.StreamBlock):
    text = blocks.RichTextBlock(
        features=TEXT_FEATURES, label=_("Text"), icon="pilcrow", template="website/blocks/text.html"
    )
    figure = FigureBlock()
    quote = QuoteBlock()
    tip = TipBlock()
    numbers = NumbersBlock()
    steps = StepsBlock()
    sign_up = SignUpBlock()
