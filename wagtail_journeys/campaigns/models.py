from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.models import DraftStateMixin, LockableMixin, PreviewableMixin, RevisionMixin, WorkflowMixin
from wagtail.search import index

from wagtail_journeys.segments.blocks import RulesBlock
from wagtail_journeys.segments.models import Match
from wagtail_journeys.snippets import LateDraftMixin
from wagtail_journeys.streams import RegistryStreamField, raw, with_ids

from . import states
from .blocks import ExitsBlock, GoalBlock, StepsBlock, TriggerBlock

#: Asked before a revision goes live or is scheduled, with the campaign, the revision and whether its hour has come by the
#: clock: False keeps it from going live. Filled when the app is ready; ``campaigns.golive`` is there.
before_publishing: list[Callable[[Any, Any, bool, Any], bool]] = []


class Campaign(
    LateDraftMixin,
    WorkflowMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    PreviewableMixin,
    index.Indexed,
    models.Model,
):
    """What the editor writes; on publishing it is compiled into a CampaignVersion."""

    class Frequency(models.TextChoices):
        ONCE = "once", _("once")
        EVERY_TIME = "every_time", _("every time")
        INTERVAL = "interval", _("at most once per interval")

    class IntervalUnit(models.TextChoices):
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")
        WEEKS = "weeks", _("weeks")
        MONTHS = "months", _("months")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused: no entries, contacts inside stay where they are")
        STOPPING = "stopping", _("stopping: no entries, contacts inside finish")
        ENDED = "ended", _("ended")

    class InsideFollow(models.TextChoices):
        NEW = "new", _("follow the new version from where they are")
        OLD = "old", _("finish on the version they are on")

    class InsideRemoved(models.TextChoices):
        GO_ON = "go_on", _("go on to the next step that is left")
        EXIT = "exit", _("leave the campaign")

    #: Written by ``journeys.lifecycle`` and ``journeys.publishing`` alone: neither a form nor a revision turns them back.
    LIFE = ("state", "live_since", "paused_at", "pauses", "ended_at", "archived_at")

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    trigger = RegistryStreamField(TriggerBlock, blank=True, verbose_name=_("trigger"))
    filters_match = models.CharField(
        _("only contacts who match"), max_length=4, choices=Match.choices, default=Match.ALL
    )
    filters = RegistryStreamField(RulesBlock, blank=True, verbose_name=_("contact filters"))
    matching_window = models.PositiveIntegerField(
        _("matching window (minutes)"),
        default=30,
        help_text=_(
            "A contact that does not match the filters at the event is tested again on every change for so long. "
            "0: no second chance."
        ),
    )
    frequency = models.CharField(
        _("a contact may enter"), max_length=12, choices=Frequency.choices, default=Frequency.ONCE
    )
    interval = models.PositiveIntegerField(_("interval"), null=True, blank=True)
    interval_unit = models.CharField(
        _("interval unit"), max_length=8, choices=IntervalUnit.choices, default=IntervalUnit.DAYS
    )
    gap = models.PositiveIntegerField(
        _("at least so long between two entries"),
        null=True,
        blank=True,
        help_text=_("Empty: no gap is needed."),
    )
    gap_unit = models.CharField(
        _("gap unit"), max_length=8, choices=IntervalUnit.choices, default=IntervalUnit.HOURS
    )
    run_key = models.CharField(
        _("count separately for each"),
        max_length=100,
        blank=True,
        help_text=_(
            "A property of the event, for example order_id: how often a contact may enter, and whether it is inside "
            "already, then counts for each order apart."
        ),
    )
    entry_cap = models.PositiveIntegerField(
        _("at most so many entries in all"), null=True, blank=True, help_text=_("Empty: without a limit.")
    )
    hourly_cap = models.PositiveIntegerField(
        _("at most so many entries of one contact in an hour"),
        null=True,
        blank=True,
        help_text=_("Empty: without a limit."),
    )
    may_overlap = models.BooleanField(
        _("may run twice at once"),
        default=False,
        help_text=_("Off: a contact that is inside the campaign cannot enter it a second time."),
    )
    topic = models.ForeignKey(
        "wagtail_journeys.Topic",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        limit_choices_to={"purpose": ""},
        related_name="campaigns",
        verbose_name=_("topic"),
        help_text=_(
            "Emails go only to contacts who may get this topic. Empty: transactional, ignores topics."
        ),
    )
    exclusive_group = models.SlugField(
        _("exclusive group"),
        max_length=100,
        blank=True,
        help_text=_(
            "One event enters at most one campaign of the group, the one with the lowest priority number."
        ),
    )
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("The lowest number goes first.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        help_text=_("For contacts whose own time zone is not known. Empty: that of the site."),
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    steps = RegistryStreamField(StepsBlock, blank=True, verbose_name=_("steps"))
    goal = RegistryStreamField(GoalBlock, blank=True, verbose_name=_("goal"))
    goal_window = models.PositiveIntegerField(
        _("within so many days"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Counted from the entry, also after the last step."),
    )
    stop_on_goal = models.BooleanField(
        _("leave the campaign when the goal is reached"),
        default=False,
        help_text=_("Nothing that is queued is sent afterwards."),
    )
    exits = RegistryStreamField(ExitsBlock, blank=True, verbose_name=_("leave the campaign when"))
    exit_unmatched = models.BooleanField(
        _("leave the campaign when the contact does not match the filters any more"), default=False
    )
    exit_grace = models.PositiveSmallIntegerField(
        _("after so many hours"),
        default=0,
        validators=[MaxValueValidator(24)],
        help_text=_("Who matches again within this time stays. 0 to 24."),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RUNNING, editable=False
    )
    # What happened before this moment never starts the campaign; set when it goes live, emptied when it no longer is.
    live_since = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    # From when to when it was paused since it went live, as ISO texts: what happened then starts nothing, told late or not.
    pauses = models.JSONField(default=list, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What publishing does with those inside; kept in the revision, so that scheduled and approved publishing does it too.
    inside_follow = models.CharField(
        _("contacts inside"), max_length=3, choices=InsideFollow.choices, default=InsideFollow.NEW
    )
    inside_removed = models.CharField(
        _("contacts at a step that is removed"),
        max_length=5,
        choices=InsideRemoved.choices,
        default=InsideRemoved.GO_ON,
    )

    _revisions = GenericRelation("wagtailcore.Revision", related_query_name="journeys_campaign")
    _workflow_states = GenericRelation(
        "wagtailcore.WorkflowState",
        content_type_field="base_content_type",
        object_id_field="object_id",
        related_query_name="journeys_campaign",
        for_concrete_model=False,
    )

    search_fields = [
        index.SearchField("name"),
        index.AutocompleteField("name"),
        index.SearchField("description"),
    ]

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["name"]
        permissions = [
            ("enrol_campaign", _("Can add contacts to campaigns")),
            ("ignore_topics_campaign", _("Can publish campaigns that ignore topics")),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Wagtail gives ids to top-level blocks only when data is saved from code; every step needs one.
        steps = with_ids(self.raw_steps)
        if steps != self.raw_steps:
            self.steps = steps
        if not kwargs.get("update_fields") and Campaign.objects.filter(pk=self.pk).exists():
            if self._is_late():
                return
            # This instance may be older than the last pause.
            kwargs["update_fields"] = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name not in self.LIFE
            ]
        super().save(*args, **kwargs)

    def with_content_json(self, content: dict[str, Any]) -> Campaign:
        """What a revision says, without turning back what it must not decide: whether the campaign runs.

        Read from the row, as this instance may be older than the last pause.
        """
        restored = super().with_content_json(content)
        life = Campaign.objects.filter(pk=self.pk).values(*self.LIFE).first() or {}
        for name in self.LIFE:
            setattr(restored, name, life.get(name, getattr(self, name)))
        return restored

    def publish(self, revision: Any, user: Any = None, *args: Any, **kwargs: Any) -> None:
        """Raises CannotGoLive where errors stand against it, save where the clock publishes: that is noted instead."""
        by_clock = kwargs.get("log_action") == "wagtail.publish.scheduled"
        if all(allow(self, revision, by_clock, user) for allow in before_publishing):
            super().publish(revision, user, *args, **kwargs)

    preview_modes = [("flow", _("Flow chart"))]

    @property
    def preview_sizes(self) -> list[dict[str, Any]]:
        return [
            {"name": "panel", "icon": "mobile-alt", "device_width": 440, "label": _("Narrow")},
            {
                "name": "wide",
                "icon": "desktop",
                "device_width": 1100,
                "label": _("Wide, for charts with many arms"),
            },
        ]

    def get_preview_template(self, request: HttpRequest, mode_name: str) -> str:
        return "wagtail_journeys/campaigns/preview.html"

    @property
    def raw_trigger(self) -> dict[str, Any] | None:
        blocks = raw(self.trigger)
        return blocks[0] if blocks else None

    @property
    def raw_filters(self) -> list[dict[str, Any]]:
        return raw(self.filters)

    @property
    def raw_goal(self) -> dict[str, Any] | None:
        blocks = raw(self.goal)
        return blocks[0] if blocks else None

    @property
    def raw_exits(self) -> list[dict[str, Any]]:
        return raw(self.exits)

    @property
    def raw_steps(self) -> list[dict[str, Any]]:
        return raw(self.steps)

    @property
    def current_version(self) -> CampaignVersion | None:
        return self.versions.order_by("-number").first()

    @property
    def admits(self) -> bool:
        """Whether contacts may enter now (start and end dates aside)."""
        return self.live and self.state == self.State.RUNNING

    @property
    def moves(self) -> bool:
        """Whether contacts inside go on. One that expired finishes although it is not live any more."""
        return self.state == self.State.STOPPING or (self.live and self.state == self.State.RUNNING)

    @property
    def phase(self) -> states.Phase:
        """What it is, in one word: see ``states``."""
        return states.phase(self.live, self.state, archived=self.archived_at is not None)


class CampaignVersion(models.Model):
    """What a campaign said when it was published: a graph that never changes.

    ``graph`` is ``{"start": step id or null, "nodes": {step id: {"type", "params", "next", "arms"}}, "trigger":
    {"type", "params"}, "filters": {"match", "rules"}}``.
    """

    wagtail_reference_index_ignore = True

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    revision = models.ForeignKey(
        "wagtailcore.Revision", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    graph = models.JSONField()
    # Whether any of its steps waits for something to happen; and since when nobody is in it and nobody will be.
    waits = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("campaign version")
        verbose_name_plural = _("campaign versions")
        ordering = ["campaign", "number"]
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="wj_version_once")]

    def __str__(self) -> str:
        return f"{self.campaign} v{self.number}"


class VariantWinner(models.Model):
    """What came of comparing the variants of a step, decided once, at the moment that the step names."""

    wagtail_reference_index_ignore = True

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="winners")
    step_id = models.CharField(max_length=36)
    # Which comparison it was: the step may be given other variants later.
    experiment = models.CharField(max_length=32)
    variant = models.CharField(max_length=40, blank=True)  # "" where none was certainly better
    # What was counted: [{"id", "label", "sent", "reached"}]
    counted = models.JSONField(default=list)
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = _("winning variant")
        verbose_name_plural = _("winning variants")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "step_id", "experiment"], name="wj_winner_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.label or '–'}"

    @property
    def label(self) -> str:
        """The name that the winner had; "" without one."""
        return next((str(found["label"]) for found in self.counted if found["id"] == self.variant), "")
