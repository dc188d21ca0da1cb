from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class InboxItem(models.Model):
    """An accepted event that has not been processed yet, or a dead letter that could not be."""

    wagtail_reference_index_ignore = True

    partition = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField()
    payload = models.JSONField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    dead_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("inbox item")
        verbose_name_plural = _("inbox items")
        permissions = [("use_debugger", _("Can use the debugger"))]
        indexes = [
            models.Index(
                fields=["partition", "id"], name="wj_inbox_waiting", condition=Q(dead_at__isnull=True)
            ),
            models.Index(fields=["-dead_at"], name="wj_inbox_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.payload.get('name', '?')} ({self.pk})"


class Event(models.Model):
    """A fact that happened once."""

    wagtail_reference_index_ignore = True

    source = models.CharField(max_length=40)
    message_id = models.CharField(max_length=100)
    name = models.CharField(_("name"), max_length=100)
    contact = models.ForeignKey(
        "wagtail_journeys.Contact",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,
    )
    anonymous_id = models.CharField(max_length=100, blank=True)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"))
    properties = models.JSONField(_("properties"), default=dict, blank=True)
    # Lifted out of the properties, so that conditions on pages and documents are look-ups in an index. Plain numbers:
    # an event stays true when its page is gone.
    site_id = models.BigIntegerField(null=True, blank=True)
    page_id = models.BigIntegerField(null=True, blank=True)
    document_id = models.BigIntegerField(null=True, blank=True)
    url = models.CharField(max_length=2000, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["source", "message_id"], name="wj_event_once")]
        indexes = [
            models.Index(fields=["contact", "name", "occurred_at"], name="wj_event_contact"),
            models.Index(fields=["name", "occurred_at"], name="wj_event_name"),
            models.Index(
                fields=["anonymous_id", "contact"],
                name="wj_event_anonymous",
                condition=Q(contact__isnull=True) & ~Q(anonymous_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.occurred_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When the engine last looked at the queues (``tick``) and until when one alarm clock keeps looking (``pulse``)."""

    wagtail_reference_index_ignore = True

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
