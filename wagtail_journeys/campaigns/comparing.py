"""Two versions of a campaign side by side: each block by its sentence, as on the flow chart, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from wagtail.admin.compare import StreamFieldComparison, register_comparison_class

from wagtail_journeys.segments import drafts
from wagtail_journeys.streams import RegistryStreamField, raw

from . import arms
from .models import Campaign
from .preview import describe_trigger
from .steps import registry


@dataclass(frozen=True)
class Line:
    """A block, or the heading of an arm; ``said`` is everything it stores."""

    id: str
    depth: int
    sentence: str
    said: str


class CampaignComparison(StreamFieldComparison):
    """For streams of campaigns; those of segments and emails are compared as Wagtail does."""

    def htmldiff(self) -> SafeString:
        if self.field.model is not Campaign:
            return super().htmldiff()
        return as_html(lines(self.field.name, raw(self.val_a)), lines(self.field.name, raw(self.val_b)))


def connect() -> None:
    register_comparison_class(RegistryStreamField, comparison_class=CampaignComparison)


def lines(name: str, blocks: list[dict[str, Any]]) -> list[Line]:
    """The blocks of one of a campaign's streams, those in arms behind their step."""
    if name == "steps":
        return list(_steps(blocks, 0))
    if name == "filters":
        sentences = drafts.by_block(blocks)
        return [
            Line(block["id"], 0, sentences.get(block["id"], "…"), str(block["value"])) for block in blocks
        ]
    return [Line(block["id"], 0, describe_trigger(block), str(block["value"])) for block in blocks]


def _steps(blocks: Iterable[dict[str, Any]], depth: int) -> Iterator[Line]:
    for block in blocks:
        if block["type"] not in registry:
            continue
        step, value = registry[block["type"]], block["value"]
        params = arms.params_of(step, value)
        try:
            sentence = step.describe(params) or str(step.label)
        except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
            sentence = str(step.label)
        yield Line(str(block["id"]), depth, sentence[:1].upper() + sentence[1:], str(params))
        for arm in arms.arms_of(step, value):
            if arm.steps:
                yield Line(f"{block['id']}/{arm.name}", depth + 1, f"{arm.label}:", "")
                yield from _steps(arm.steps, depth + 2)


def as_html(before: list[Line], after: list[Line]) -> SafeString:
    """What was taken away, added or changed is marked, with words of its own where the sentence stayed the same."""
    matcher = SequenceMatcher(None, [line.id for line in before], [line.id for line in after], autojunk=False)
    rows: list[tuple[int, SafeString]] = []
    for what, a1, a2, b1, b2 in matcher.get_opcodes():
        if what == "equal":
            rows += [
                (new.depth, _both(old, new)) for old, new in zip(before[a1:a2], after[b1:b2], strict=True)
            ]
            continue
        rows += [(line.depth, _marked("deletion", line.sentence)) for line in before[a1:a2]]
        rows += [(line.depth, _marked("addition", line.sentence)) for line in after[b1:b2]]
    return format_html_join(
        "", '<div class="comparison__child-object" style="margin-inline-start: {}rem">{}</div>', rows
    )


def _both(old: Line, new: Line) -> SafeString:
    if old.sentence != new.sentence:
        return format_html("{} {}", _marked("deletion", old.sentence), _marked("addition", new.sentence))
    if old.said != new.said:
        return format_html("{} {}", new.sentence, _marked("addition", _t("(details changed)")))
    return format_html("{}", new.sentence)


def _marked(kind: str, words: str) -> SafeString:
    return format_html('<span class="{}">{}</span>', kind, words)
