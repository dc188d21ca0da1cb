"""What is known about the way emails take: mail servers, how fast they may be used, who sends, and what comes back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MailServer(models.Model):
    """What is known about a mail server that could not be reached lately; shared by all workers.

    No row: nothing bad is known.
    """

    wagtail_reference_index_ignore = True

    key = models.CharField(max_length=260, primary_key=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    opened_at = models.DateTimeField(null=True, blank=True)  # since when the queue is paused
    open_until = models.DateTimeField(null=True, blank=True)  # then one worker tries it with one message
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("mail server")
        verbose_name_plural = _("mail servers")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Meter(models.Model):
    """How much of a rate is left, for all workers together."""

    wagtail_reference_index_ignore = True

    key = models.CharField(max_length=120, primary_key=True)
    tokens = models.FloatField()
    at = models.DateTimeField()
    # Up to when messages without a token have been put off: the next one comes behind them.
    put_off_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Feedback(models.Model):
    """What became of a message after the hand-over, as it was told; kept as it came until it has been looked at."""

    wagtail_reference_index_ignore = True

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        SOFT = "soft", _("could not be delivered for now")
        HARD = "hard", _("the address does not exist")
        COMPLAINED = "complained", _("reported as spam")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        FAILED = "failed", _("could not be sent by the provider")
        OTHER = "other", _("something else")

    provider = models.CharField(max_length=40)  # an email provider, or "smtp": the mail server itself
    event_id = models.CharField(max_length=255)  # the provider's, or a hash of what it said
    kind = models.CharField(max_length=12, choices=Kind.choices)
    message_key = models.CharField(max_length=255, blank=True)  # uuid or Message-ID of the message
    message = models.ForeignKey(
        "wagtail_journeys.Message", null=True, blank=True, on_delete=models.CASCADE, related_name="feedback"
    )
    address_hash = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    raw = models.JSONField(default=dict)  # emptied once it has been looked at: there are addresses in it
    error = models.CharField(max_length=500, blank=True)
    # A soft bounce that has led to a suppression does not count again once that is lifted.
    is_spent = models.BooleanField(default=False)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # empty once it has been looked at

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="wj_feedback_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="wj_feedback_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["address_hash", "happened_at"], name="wj_feedback_soft", condition=Q(kind="soft")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.get_kind_display()}"


_TWICE = _("This address is a sender of this site already.")
_TWO_DEFAULTS = _("Another sender is what this site sends from already.")


class SenderIdentity(models.Model):
    """A name and an address that emails may be from, once its owner has confirmed it."""

    wagtail_reference_index_ignore = True

    site = models.ForeignKey(
        "wagtailcore.Site",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("site"),
        help_text=_("Empty: for all sites."),
    )
    name = models.CharField(_("name"), max_length=200, help_text=_("What receivers see before the address."))
    email = models.EmailField(_("address"), max_length=320)
    is_default = models.BooleanField(
        _("what this site sends from"),
        default=False,
        help_text=_("Used where neither the step nor the template says from whom an email is."),
    )
    asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        ordering = ["email", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "email"], name="wj_sender_once", violation_error_message=_TWICE
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=Q(site__isnull=True),
                name="wj_sender_once_for_all",
                violation_error_message=_TWICE,
            ),
            models.UniqueConstraint(
                fields=["site"],
                condition=Q(is_default=True),
                name="wj_sender_default",
                violation_error_message=_TWO_DEFAULTS,
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True, site__isnull=True),
                name="wj_sender_default_for_all",
                violation_error_message=_TWO_DEFAULTS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None
