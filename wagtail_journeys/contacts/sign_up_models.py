from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignUp(models.Model):
    """Somebody gave an address and asked for topics. Until the address is confirmed it is nobody's: there is no contact."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being handed over")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("perhaps sent")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.CharField(max_length=320)
    address_hash = models.CharField(max_length=64)
    first_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=20, blank=True)
    #: [{"topic": id, "wording": the words that were shown}]
    topics = models.JSONField(default=list)
    source = models.CharField(max_length=100)
    url = models.CharField(max_length=2000, blank=True)
    network = models.CharField(max_length=50, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    site_id = models.BigIntegerField(null=True, blank=True)
    # The email with the link: what became of it, and when to look at it again.
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], name="wj_sign_up_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["address_hash", "created_at"], name="wj_sign_up_address"),
            models.Index(fields=["network", "created_at"], name="wj_sign_up_network"),
            models.Index(fields=["created_at"], name="wj_sign_up_created"),
        ]

    def __str__(self) -> str:
        return self.address
