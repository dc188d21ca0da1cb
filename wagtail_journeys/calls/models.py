from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Call(models.Model):
    """One HTTP request to another system, for one contact.

    ``url``, ``headers`` and ``body`` are as rendered when the call was decided on, so that every try says the same. Where a
    secret belongs they hold its mark (see ``secrets``), never its value.
    """

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        DEFERRED = "deferred", _("will be tried again")
        HELD = "held", _("held back")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("not sent")
        UNKNOWN = "unknown", _("perhaps received")

    #: States in which a call will not change by itself any more.
    FINAL = (State.DONE, State.FAILED, State.CANCELLED, State.UNKNOWN)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # webhook-id and Idempotency-Key
    visit = models.OneToOneField(
        "wagtail_journeys.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="call"
    )
    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        db_index=False,
    )
    step_id = models.CharField(max_length=36, blank=True)
    # Empty for a test with a made-up person.
    contact = models.ForeignKey(
        "wagtail_journeys.Contact",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calls",
        db_index=False,
    )
    method = models.CharField(max_length=10)
    url = models.TextField()
    host = models.CharField(max_length=260)  # "host" or "host:port": the breaker's key
    headers = models.JSONField(default=list)  # [[name, value], …]
    body = models.TextField(blank=True)
    body_kind = models.CharField(
        max_length=4, blank=True
    )  # "json", "form" or nothing: how secrets are written into it
    sign_with = models.CharField(max_length=100, blank=True)  # name of the secret that signs it
    repeatable = models.BooleanField(default=False)  # may be sent again when nobody knows whether it arrived
    keep = models.JSONField(default=list)  # [[member of the answer, name in the journey's data], …]
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    # When to look at it again: to send it (queued, deferred), or because it never ended (sending, held). Empty in final
    # states, so that looking for work costs the same however many calls there have been.
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=36, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response = models.TextField(blank=True)  # the beginning of the answer, without secrets
    answer = models.JSONField(default=dict)  # {name: value} kept out of the answer for the journey
    error = models.CharField(max_length=500, blank=True)
    is_test = models.BooleanField(default=False)  # "try it now": counted nowhere
    by_hand = models.BooleanField(default=False)  # sent again by somebody, wherever the journey is by now
    created_at = models.DateTimeField()
    marked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("HTTP call")
        verbose_name_plural = _("HTTP calls")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("retry_call", _("Can send HTTP calls again"))]
        indexes = [
            models.Index(fields=["due_at"], name="wj_call_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["host"], name="wj_call_host", condition=Q(due_at__isnull=False)),
            models.Index(fields=["contact", "-created_at"], name="wj_call_contact"),
            models.Index(fields=["campaign", "step_id", "state"], name="wj_call_step"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.host}"


class Breaker(models.Model):
    """What is known about a host that did not answer lately; shared by all workers. No row: nothing bad is known."""

    wagtail_reference_index_ignore = True

    host = models.CharField(max_length=260, primary_key=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    opened_at = models.DateTimeField(null=True, blank=True)  # since when nothing is sent but single probes
    open_until = models.DateTimeField(null=True, blank=True)  # then one call is let through as a probe
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("circuit breaker")
        verbose_name_plural = _("circuit breakers")
        default_permissions = ()

    def __str__(self) -> str:
        return self.host


class Stop(models.Model):
    """The calls of a step that are held back since a receiver answered 410, until somebody enables them again."""

    wagtail_reference_index_ignore = True

    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign", on_delete=models.CASCADE, related_name="stopped_calls"
    )
    step_id = models.CharField(max_length=36)
    host = models.CharField(max_length=260)
    reason = models.CharField(max_length=500)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("stopped HTTP call")
        verbose_name_plural = _("stopped HTTP calls")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["campaign", "step_id"], name="wj_call_stop_once")]

    def __str__(self) -> str:
        return self.host
