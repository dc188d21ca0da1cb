"""The blocks that an email is made of. Each one writes its own MJML and its own plain text.

A block of a site's own is one class: a Wagtail block with ``EmailBlock`` mixed in. It writes MJML with the marks that
the composition gives it (``ctx.words(…)``, ``ctx.href(…)``), never with an editor's text itself. What differs from contact
to contact is a merge tag, or a need that the composition notes down (``ctx.need(…)``) and that is answered for all
messages of a batch at once.
"""

from __future__ import annotations

from typing import Any

from wagtail import blocks, hooks

from wagtail_journeys.streams import SharedStreamBlock

from .base import EmailBlock as EmailBlock
from .base import LinkBlock as LinkBlock
from .base import Piece as Piece
from .base import Words as Words
from .html import RawHTMLBlock
from .items import ItemsBlock
from .layout import ColumnsBlock, ConditionalBlock, FragmentBlock
from .pages import PageListBlock, PageTeaserBlock
from .simple import (
    ButtonBlock,
    DividerBlock,
    DocumentLinkBlock,
    HeadingBlock,
    ImageBlock,
    QuoteBlock,
    SpacerBlock,
    TextBlock,
)
from .social import ProfileBlock as ProfileBlock
from .social import SocialBlock

#: The type under which HTML that somebody wrote stands in a stream.
RAW_HTML = "html"

#: Wagtail's hook with which a site adds blocks: a function that returns ``[(name, block), …]``.
HOOK = "register_email_blocks"


class ColumnBody(SharedStreamBlock):
    heading = HeadingBlock()
    text = TextBlock()
    image = ImageBlock()
    button = ButtonBlock()
    quote = QuoteBlock()
    page = PageTeaserBlock()
    document = DocumentLinkBlock()
    divider = DividerBlock()
    space = SpacerBlock()


class InnerBody(ColumnBody):
    """What may stand inside of other blocks."""

    pages = PageListBlock()
    items = ItemsBlock()
    social = SocialBlock()
    columns = ColumnsBlock(ColumnBody)
    html = RawHTMLBlock()


class FragmentBody(InnerBody):
    """Everything but a fragment: one that holds itself would never end."""

    conditional = ConditionalBlock(InnerBody)


class EmailBodyBlock(blocks.StreamBlock):
    """Built when first used, with the blocks that the site registers with the hook ``register_email_blocks``."""

    heading = HeadingBlock()
    text = TextBlock()
    image = ImageBlock()
    button = ButtonBlock()
    quote = QuoteBlock()
    page = PageTeaserBlock()
    document = DocumentLinkBlock()
    social = SocialBlock()
    fragment = FragmentBlock()
    pages = PageListBlock()
    items = ItemsBlock()
    conditional = ConditionalBlock(InnerBody)
    columns = ColumnsBlock(ColumnBody)
    divider = DividerBlock()
    space = SpacerBlock()
    html = RawHTMLBlock()

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        own = [pair for hook in hooks.get_hooks(HOOK) for pair in hook()]
        super().__init__([*own, *(local_blocks or [])], **kwargs)
