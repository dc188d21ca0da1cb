"""Blocks that hold other blocks: columns, what only some contacts see, and what several emails share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.exceptions import TemplateError
from wagtail_journeys.segments.blocks import MATCH_CHOICES, RulesBlock
from wagtail_journeys.streams import SharedStreamBlock, raw

from .base import LAYOUT, PERSONAL, SITE, EmailBlock, Piece, there

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition


class ColumnsBlock(EmailBlock, blocks.StructBlock):
    """Two or three columns of the same width; one below the other on phones."""

    def __init__(self, inside: type[SharedStreamBlock], **kwargs: Any) -> None:
        column = inside(required=False, label=_("Column"))
        columns = blocks.ListBlock(column, min_num=2, max_num=3, default=[None, None], label=_("Columns"))
        super().__init__([("columns", columns)], **kwargs)

    class Meta:
        icon = "grip"
        label = _("Columns")
        group = LAYOUT

    def pieces(self, value: Any, ctx: Composition) -> Iterator[Piece]:
        columns = list(value["columns"])
        with ctx.narrow(len(columns) or 1):
            parts = [
                f"<mj-column>{''.join(piece.mjml for piece in ctx.pieces(column))}</mj-column>"
                for column in columns
            ]
        yield Piece(f"<mj-section>{''.join(parts)}</mj-section>", wide=True)

    def text(self, value: Any, ctx: Composition) -> str:
        return "\n\n".join(filter(None, (ctx.texts(column) for column in value["columns"])))


class ConditionalBlock(EmailBlock, blocks.StructBlock):
    """Blocks that are shown to contacts who match conditions at the moment when the email is sent."""

    def __init__(self, inside: type[SharedStreamBlock], **kwargs: Any) -> None:
        super().__init__(
            [
                (
                    "match",
                    blocks.ChoiceBlock(
                        choices=MATCH_CHOICES, default="all", label=_("Shown to contacts who match")
                    ),
                ),
                (
                    "conditions",
                    RulesBlock(required=False, label=_("Conditions"), help_text=_("One line per condition.")),
                ),
                ("content", inside(required=False, label=_("They see"))),
                ("otherwise", inside(required=False, label=_("The others see"))),
            ],
            **kwargs,
        )

    class Meta:
        icon = "view"
        label = _("Only for some")
        group = PERSONAL

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        if getattr(self, "is_deferred_validation", False):
            return value
        errors = {}
        if not len(value["conditions"]):
            errors["conditions"] = ValidationError(_t("Add at least one condition."))
        if not len(value["content"]) and not len(value["otherwise"]):
            errors["content"] = ValidationError(_t("Add at least one block."))
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return value

    def _need(self, value: Any, ctx: Composition) -> str:
        rules = _without_ids(raw(value["conditions"]))
        return ctx.need("contacts", {"match": value["match"], "rules": rules})

    def pieces(self, value: Any, ctx: Composition) -> Iterator[Piece]:
        name = self._need(value, ctx)
        shown, others = list(ctx.pieces(value["content"])), list(ctx.pieces(value["otherwise"]))
        wide = any(piece.wide for piece in [*shown, *others])
        yield Piece(ctx.liquid(f"{{% if blocks.{name}.shown %}}"), wide)
        yield from shown
        if others:
            yield Piece(ctx.liquid("{% else %}"), wide)
            yield from others
        yield Piece(ctx.liquid("{% endif %}"), wide)

    def text(self, value: Any, ctx: Composition) -> str:
        name = self._need(value, ctx)
        others = ctx.texts(value["otherwise"])
        other = f"{{% else %}}{others}" if others else ""
        return f"{{% if blocks.{name}.shown %}}{ctx.texts(value['content'])}{other}{{% endif %}}"


def _without_ids(rules: Any) -> Any:
    """The rules alone: the same conditions in two blocks are one question."""
    if isinstance(rules, list):
        return [_without_ids(rule) for rule in rules]
    if isinstance(rules, dict):
        is_block = "type" in rules and "value" in rules
        return {key: _without_ids(item) for key, item in rules.items() if not (is_block and key == "id")}
    return rules


class FragmentBlock(EmailBlock, blocks.StructBlock):
    """Blocks that several emails share: changing them changes all of these."""

    fragment = SnippetChooserBlock("wagtail_journeys.EmailFragment", label=_("Fragment"))

    class Meta:
        icon = "snippet"
        label = _("Fragment")
        label_format = "{fragment}"
        group = SITE

    def pieces(self, value: Any, ctx: Composition) -> Iterator[Piece]:
        yield from ctx.pieces(self._body(value, ctx))

    def text(self, value: Any, ctx: Composition) -> str:
        return ctx.texts(self._body(value, ctx))

    def _body(self, value: Any, ctx: Composition) -> Any:
        fragment = there(value["fragment"]).in_language(ctx.language)
        if not fragment.live:
            raise TemplateError(_t("The fragment “%s” is not published.") % fragment)
        return fragment.body
