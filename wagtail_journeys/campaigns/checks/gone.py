"""Pages, documents, forms and segments that the campaign asks about are there, and published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.chosen import chosen
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.events import places
from wagtail_journeys.segments.models import Segment

from . import registry
from .base import Check, Draft, Finding, error, warning


@dataclass(frozen=True)
class Use:
    """``pk`` of ``model`` is chosen in this field and block."""

    model: type[Model]
    pk: Any
    field: str
    block: str


@registry.register
class Gone(Check):
    """The trigger cannot happen without its page; a condition is only answered by history, which is a warning."""

    key = "gone"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        uses = list(uses_of(draft))
        wanted: dict[type[Model], set[Any]] = defaultdict(set)
        for use in uses:
            wanted[use.model].add(use.pk)
        rows = {model: model._default_manager.in_bulk(pks) for model, pks in wanted.items()}
        page_model = places.page_model()
        for use in uses:
            row = rows[use.model].get(use.pk)
            is_place = issubclass(use.model, page_model) or not issubclass(use.model, (Segment, Campaign))
            tell = error if not is_place or use.field == "trigger" else warning
            if row is None:
                kind = use.model._meta.verbose_name
                yield tell(
                    _t("A %s that is chosen here has been deleted. Choose another one.") % kind,
                    use.field,
                    use.block,
                )
            elif isinstance(row, Segment) and not row.live and use.field != "trigger":
                yield error(_t("The segment “%s” is not live. Publish it first.") % row, use.field, use.block)
            elif isinstance(row, page_model) and not row.live:
                yield tell(
                    _t("The page “%s” is not published: nobody sees it. Publish it, or choose another one.")
                    % row,
                    use.field,
                    use.block,
                )


def uses_of(draft: Draft) -> Iterator[Use]:
    """What is chosen, save templates: the steps that send them speak for themselves."""
    for name, block in draft.facts:
        yield from _uses(name, block["id"], name, [block])
    for rule in draft.raw["filters"]:
        yield from _uses("filters", rule["id"], "filters", [rule])
    for step in draft.steps:
        yield from _uses("steps", step.id, "steps", [{"type": step.step.key, "value": step.params}])


def _uses(field: str, block: str, stream: str, value: list[dict[str, Any]]) -> Iterator[Use]:
    stream_block = Campaign._meta.get_field(stream).stream_block  # type: ignore[union-attr]
    for model, pk in dict.fromkeys(chosen(stream_block, value)):
        if not issubclass(model, EmailTemplate):
            yield Use(model, pk, field, block)
