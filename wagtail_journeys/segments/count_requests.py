from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CountRequest(models.Model):
    """Rules that somebody looks at in the editor and that take too long to count at once; counted in the background."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    #: Hash of the question: see counting.key_of.
    key = models.CharField(max_length=64, unique=True)
    match = models.CharField(max_length=4)
    rules = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    #: The moment the question is asked for: the ``now`` of its conditions.
    asked_at = models.DateTimeField()
    #: When an editor last looked at it. Nobody counts for nobody.
    wanted_at = models.DateTimeField()
    #: When a cluster was last asked to look.
    called_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    #: Contacts with an id up to ``upto_id`` have been counted; those above ``last_id`` came later.
    first_id = models.BigIntegerField()
    upto_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    counted = models.BigIntegerField(default=0)
    matched = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")

    def __str__(self) -> str:
        return f"{self.key[:12]} ({self.state})"
