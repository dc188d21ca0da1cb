from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.models import Revision

from wagtail_journeys.campaigns import arms, flow, naming
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.steps import Step
from wagtail_journeys.campaigns.steps import registry as steps_registry
from wagtail_journeys.campaigns.triggers import registry as triggers_registry
from wagtail_journeys.emails.models import EmailTemplate, TemplateVersion
from wagtail_journeys.streams import raw, with_ids

#: The streams of a campaign.
STREAMS = ("trigger", "filters", "steps", "goal", "exits")


class Level(models.TextChoices):
    ERROR = "error", _("error")
    WARNING = "warning", _("warning")
    HINT = "hint", _("hint")


@dataclass(frozen=True)
class Finding:
    """One thing to mend or to know. ``message`` says what to do; ``field`` of the campaign, and ``block`` (its id) in it.

    Of the errors of one block only those of the lowest ``rank`` are kept: what says more stands for what says less.
    """

    level: Level
    message: str
    field: str = ""
    block: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Placed:
    """A step where it stands. ``params`` is what it stores without the steps of its arms."""

    id: str
    step: Step
    params: dict[str, Any]
    arms: list[arms.Arm]
    #: False behind an exit, where no contact ever comes.
    reached: bool = True

    @property
    def sentence(self) -> str:
        """What the step does, in words; never raises."""
        try:
            words = self.step.describe(self.params) or str(self.step.label)
        except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
            words = str(self.step.label)
        return words[:1].upper() + words[1:]

    @property
    def quoted(self) -> str:
        """The sentence where it stands between quotation marks."""
        return naming.inner(self.sentence)

    @cached_property
    def templates(self) -> list[int]:
        """Ids of the email templates it sends."""
        try:
            return sorted(self.step.references(self.params).get("template", ()))
        except Exception:  # noqa: BLE001  as above
            return []


@dataclass
class Draft:
    """A campaign as it stands, finished or not, read once for all checks. ``now`` is the moment of asking."""

    campaign: Campaign
    now: datetime.datetime
    #: The revision that ``campaign`` was read from; None: it is the row itself, or what stands in a form.
    revision: Revision | None = None
    raw: dict[str, list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        # Before anybody looks into the streams: a stream that has been looked into forgets what was chosen and is gone.
        self.raw = {name: with_ids(raw(getattr(self.campaign, name))) for name in STREAMS}

    @classmethod
    def of(cls, campaign: Campaign, now: datetime.datetime) -> Draft:
        """The newest draft of a campaign; what is live where nothing was changed since."""
        revision = campaign.latest_revision
        if revision is None:
            return cls(campaign, now)
        return cls(revision.as_object(), now, revision)

    @cached_property
    def steps(self) -> list[Placed]:
        """All steps in the order in which they are drawn; kinds that are not installed are left out."""
        return list(self._placed(self.raw["steps"], True))

    def _placed(self, blocks: list[dict[str, Any]], reached: bool) -> Iterator[Placed]:
        for block in blocks:
            if block["type"] not in steps_registry:
                continue
            step, value = steps_registry[block["type"]], block["value"]
            ways = arms.arms_of(step, value)
            yield Placed(block["id"], step, arms.params_of(step, value), ways, reached)
            for arm in ways:
                yield from self._placed(arm.steps, reached)
            reached = reached and all(node.open for node in flow.read([block]))

    @property
    def trigger(self) -> dict[str, Any] | None:
        return self.raw["trigger"][0] if self.raw["trigger"] else None

    @property
    def facts(self) -> list[tuple[str, dict[str, Any]]]:
        """Trigger, goal and exits: the name of the field, and the block."""
        return [
            (name, block)
            for name in ("trigger", "goal", "exits")
            for block in self.raw[name]
            if block["type"] in triggers_registry
        ]

    @cached_property
    def emails(self) -> list[Placed]:
        """The steps that send emails to the contact."""
        return [step for step in self.steps if step.templates]

    @cached_property
    def templates(self) -> dict[int, EmailTemplate]:
        """The templates that the steps send and that are there. One statement."""
        return EmailTemplate.objects.select_related("locale").in_bulk(
            {pk for step in self.emails for pk in step.templates}
        )

    @cached_property
    def template_versions(self) -> dict[int, TemplateVersion]:
        """The newest published version of each of these templates, by template. One statement."""
        newest = (
            TemplateVersion.objects.filter(template=models.OuterRef("template"))
            .order_by("-number")
            .values("pk")[:1]
        )
        found = TemplateVersion.objects.filter(template__in=self.templates, pk=models.Subquery(newest))
        return {version.template_id: version for version in found}


class Check:
    """One thing to look at. Subclass it, give it a ``key`` and decorate it with ``@registry.register``.

    ``findings`` asks the database as often as it must, but never once per contact.
    """

    key: str = ""
    #: Whether it may find errors. Only these are asked when a form is published.
    blocks: bool = False

    def findings(self, draft: Draft) -> Iterable[Finding]:
        raise NotImplementedError


def error(message: str, field: str = "", block: str = "", *, rank: int = 0) -> Finding:
    return Finding(Level.ERROR, message, field, block, rank)


def warning(message: str, field: str = "", block: str = "") -> Finding:
    return Finding(Level.WARNING, message, field, block)


def hint(message: str, field: str = "", block: str = "") -> Finding:
    return Finding(Level.HINT, message, field, block)
