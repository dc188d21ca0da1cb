from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Journey(models.Model):
    """One contact's trip through one campaign.

    Foreign keys here and in the other tables with many rows have no index of their own where a wider one begins with
    the same column: writing them costs, and the planner of PostgreSQL sometimes prefers the worse one.
    """

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        COMPLETED = "completed", _("completed")
        EXITED = "exited", _("exited")
        FAILED = "failed", _("failed")

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="journeys", db_index=False
    )
    version = models.ForeignKey(
        "wagtail_journeys.CampaignVersion", on_delete=models.PROTECT, related_name="journeys", db_index=False
    )
    contact = models.ForeignKey(
        "wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="journeys", db_index=False
    )
    # What started it, such that the same thing never starts it twice: "event:12", "membership:3", "once".
    entry_key = models.CharField(max_length=100)
    entry_event_id = models.BigIntegerField(null=True, blank=True)
    # While active and overlap is not allowed: the run key ("" without one), so that the database refuses a second one.
    active_key = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 NULL takes part in no constraint
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    step_id = models.CharField(max_length=36, blank=True)
    visit_id = models.BigIntegerField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When its step was last asked what becomes of it.
    asked_at = models.DateTimeField(null=True, blank=True)
    # The next thing that it would do is left out: it was due while the campaign was paused.
    skips = models.BooleanField(default=False, db_default=False)
    # In the control group of a split: goes the same way, without messages.
    holdout = models.BooleanField(default=False)
    # How many campaigns, each started by the one before, have led to this journey.
    chain = models.PositiveSmallIntegerField(default=0)
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)
    # When it was ended from outside: what it has queued is not sent any more.
    cut_at = models.DateTimeField(null=True, blank=True)
    # When the goal was reached, and the last message before that (no foreign key: it outlives the message).
    converted_at = models.DateTimeField(null=True, blank=True)
    converted_message_id = models.BigIntegerField(null=True, blank=True)
    # When it ends because the contact does not match any more, unless it matches again.
    leave_at = models.DateTimeField(null=True, blank=True)
    # What frequency and concurrency count by, e.g. the order; "" without one.
    run_key = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # What steps kept for later ones, e.g. members of the answer to an HTTP call: {"crm_id": 12}.
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        ordering = ["-id"]
        permissions = [("move_journey", _("Can move contacts on, take them out and try steps again"))]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact", "entry_key"], name="wj_journey_entry"),
            models.UniqueConstraint(
                fields=["campaign", "contact", "active_key"],
                condition=Q(state="active") & Q(active_key__isnull=False),
                name="wj_journey_active",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="wj_journey_due", condition=Q(state="active", due_at__isnull=False)
            ),
            models.Index(fields=["leave_at"], name="wj_journey_leaving", condition=Q(leave_at__isnull=False)),
            models.Index(fields=["campaign", "state", "step_id"], name="wj_journey_place"),
            models.Index(fields=["contact", "-entered_at"], name="wj_journey_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} ({self.contact_id})"


class Visit(models.Model):
    """A journey's passage through one step."""

    wagtail_reference_index_ignore = True

    class Outcome(models.TextChoices):
        PASSED = "passed", _("passed")
        SKIPPED = "skipped", _("skipped")
        EXITED = "exited", _("exited here")
        FAILED = "failed", _("failed")

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="visits", db_index=False)
    version = models.ForeignKey(
        "wagtail_journeys.CampaignVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    step_id = models.CharField(max_length=36)
    number = models.PositiveSmallIntegerField(default=1)
    arrived_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    arm = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["journey", "step_id", "number"], name="wj_visit_once")]

    def __str__(self) -> str:
        return f"{self.journey_id} @ {self.step_id}"


class Intervention(models.Model):
    """What somebody did to a journey by hand."""

    wagtail_reference_index_ignore = True

    class Action(models.TextChoices):
        MOVED = "moved", _("moved on")
        TAKEN_OUT = "taken_out", _("taken out")
        TRIED_AGAIN = "tried_again", _("tried again")

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="interventions")
    # The version and the step at which the journey stood.
    version = models.ForeignKey(
        "wagtail_journeys.CampaignVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    step_id = models.CharField(max_length=36, blank=True)
    action = models.CharField(max_length=12, choices=Action.choices)
    # The way out that was chosen, and what the step had said before.
    arm = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    # Who it was; the name outlives the account.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("intervention")
        verbose_name_plural = _("interventions")
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.get_action_display()}"


class PendingEntry(models.Model):
    """An event, or a change of a segment, that would let a contact in if only it matched the filters (semantics E3)."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ENTERED = "entered", _("entered")
        REFUSED = "refused", _("refused")
        GAVE_UP = "gave_up", _("gave up")

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="pending_entries", db_index=False
    )
    contact = models.ForeignKey(
        "wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="pending_entries"
    )
    event_id = models.BigIntegerField(null=True, blank=True)
    # What starts the journey where it is no event: "membership:3".
    entry_key = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField()
    deadline = models.DateTimeField()
    run_key = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("pending entry")
        verbose_name_plural = _("pending entries")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "event_id"], name="wj_pending_once"),
            models.UniqueConstraint(
                fields=["campaign", "contact", "entry_key"],
                condition=Q(event_id__isnull=True),
                name="wj_pending_key_once",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline"], name="wj_pending_deadline", condition=Q(state="waiting")),
            models.Index(fields=["contact"], name="wj_pending_contact", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} ({self.contact_id})"


class Refusal(models.Model):
    """Why a contact was not let into a campaign. Repetitions are counted, not listed."""

    wagtail_reference_index_ignore = True

    class Reason(models.TextChoices):
        NOT_LIVE = "not_live", _("the campaign lets nobody in at the moment")
        NOT_STARTED = "not_started", _("the campaign has not started yet")
        ENDED = "ended", _("the campaign has ended")
        FILTERS = "filters", _("the contact does not match the filters")
        BEFORE_LIVE = "before_live", _("it happened before the campaign went live")
        PAUSED = "paused", _("it happened while the campaign was paused")
        TOO_LATE = "too_late", _("the date had been over for too long")
        UNDECLARED = "undeclared", _("visitors send the event, and nobody has declared it")
        FREQUENCY = "frequency", _("the contact has been in the campaign as often as it allows")
        ACTIVE = "active", _("the contact is inside the campaign already")
        GROUP = "group", _("another campaign of the exclusive group took the event")
        CONSENT = "consent", _("the contact has not agreed to the topic")
        SUPPRESSED = "suppressed", _("the address is suppressed")
        GAP = "gap", _("it is too soon after the last time")
        CAP = "cap", _("the campaign has let in as many as it may")
        HOURLY = "hourly", _("the contact has entered as often as it may in an hour")
        CHAIN = "chain", _("too many campaigns have started each other")

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="refusals"
    )
    contact = models.ForeignKey(
        "wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="refusals", db_index=False
    )
    reason = models.CharField(max_length=20, choices=Reason.choices)
    detail = models.CharField(max_length=300, blank=True)
    event_id = models.BigIntegerField(null=True, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        constraints = [
            models.UniqueConstraint(fields=["contact", "campaign", "reason"], name="wj_refusal_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign} ({self.contact_id}): {self.get_reason_display()}"


class EnrolRequest(models.Model):
    """Contacts that somebody, or a fixed date, adds to a campaign: done in parts, each in a transaction of its own.

    The contacts are the members of ``segment`` at ``created_at``, those in ``contacts``, or, for a fixed date, all who
    match the campaign's filters. They are taken in the order of their keys; ``cursor`` is the last that was looked at.
    """

    wagtail_reference_index_ignore = True

    class Source(models.TextChoices):
        CONTACT = "contact", _("the page of a contact")
        SEGMENT = "segment", _("a segment")
        PASTED = "pasted", _("a list of addresses")
        PRESENT = "present", _("going live: who was in the segment already")
        API = "api", _("the API")
        CODE = "code", _("the site's own code")
        DATE = "date", _("a fixed date")

    class State(models.TextChoices):
        WAITING = "waiting", _("under way")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="enrol_requests"
    )
    # What the journeys are known by, so that the same request never starts two for one contact: "enrol:6f…", "date:…".
    key = models.CharField(max_length=100)
    source = models.CharField(max_length=10, choices=Source.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    segment = models.ForeignKey(
        "wagtail_journeys.Segment", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    contacts = models.JSONField(default=list)  # ids
    cursor = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)  # how many there were when it was asked for
    entered = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict)  # reason -> number of contacts
    answers = models.JSONField(
        default=dict
    )  # contact id -> reason, "" for those who entered; for the API only
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        default_permissions = ()
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "key"], name="wj_enrol_once")]
        indexes = [models.Index(fields=["id"], name="wj_enrol_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_source_display()}"

    @property
    def not_entered(self) -> int:
        return sum(self.refused.values())

    @property
    def looked_at(self) -> int:
        return self.entered + self.not_entered


class Occurrence(models.Model):
    """A date of a contact that starts a campaign, filed some time ahead; kept for a while after it was decided."""

    wagtail_reference_index_ignore = True

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    contact = models.ForeignKey("wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="+")
    # The contact's own date: its birthday this year, not the day a week before on which the campaign starts.
    day = models.DateField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact", "day"], name="wj_occurrence_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="wj_occurrence_due", condition=Q(done_at__isnull=True)),
            models.Index(fields=["done_at"], name="wj_occurrence_done", condition=Q(done_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} ({self.contact_id}): {self.day}"


class DateWatch(models.Model):
    """How far the dates of contacts have been filed for one campaign, by which trigger."""

    wagtail_reference_index_ignore = True

    campaign = models.OneToOneField(
        "wagtail_journeys.Campaign", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    # Another trigger, or another time of going live: everything is filed anew.
    trigger = models.JSONField(default=dict)
    since = models.DateTimeField()  # no occurrence from before is filed
    until = models.DateTimeField()  # up to here they all are
    looked_at = models.DateTimeField()
    cursor = models.BigIntegerField(default=0)  # the last contact looked at, while a look is under way

    class Meta:
        verbose_name = _("watched date")
        verbose_name_plural = _("watched dates")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign} – {self.until}"
