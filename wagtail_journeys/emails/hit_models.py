"""The links of emails that are counted, and every time that somebody or something opened an email or followed one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .models import Message, TemplateVersion


class Link(models.Model):
    """Where a counted link leads. Its address never stands in the email: only this row knows it.

    Links of a template version are the same for every receiver. One with merge tags in it (``varies``) stands here as
    its author wrote it, and once more for every message, with what the merge tags said, and with the first as ``origin``.
    """

    wagtail_reference_index_ignore = True

    version = models.ForeignKey(
        TemplateVersion, null=True, blank=True, on_delete=models.CASCADE, related_name="links", db_index=False
    )
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="links", db_index=False
    )
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()
    url = models.TextField()
    varies = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="wj_link_of_version"),
            models.UniqueConstraint(fields=["message", "number"], name="wj_link_of_message"),
        ]

    def __str__(self) -> str:
        return self.url


class Hit(models.Model):
    """Somebody, or a program, opened a message or followed one of its links. Kept only with the contact's consent."""

    wagtail_reference_index_ignore = True

    class Kind(models.TextChoices):
        OPEN = "open", _("opened")
        CLICK = "click", _("followed a link")
        TRAP = "trap", _("followed a link that nobody can see")

    class Verdict(models.TextChoices):
        PENDING = "", _("not judged yet")
        HUMAN = "human", _("a person")
        UNKNOWN = "unknown", _("not to be told")
        AUTOMATED = "automated", _("a program")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="hits", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    link = models.ForeignKey(Link, null=True, blank=True, on_delete=models.SET_NULL, related_name="hits")
    at = models.DateTimeField()
    #: The network it came from, and what its program calls itself. Both are emptied after a while.
    network = models.CharField(max_length=50, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True, default=Verdict.PENDING)
    #: Why it is taken for what it is, by the names in ``judging.REASONS``.
    reasons = models.JSONField(default=list)
    #: When it is judged; empty once it has been.
    judge_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["message", "at"], name="wj_hit_message"),
            models.Index(fields=["judge_at"], name="wj_hit_judge", condition=Q(judge_at__isnull=False)),
            models.Index(fields=["at"], name="wj_hit_details", condition=~Q(network="") | ~Q(agent="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_verdict_display()}"
