from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events.fields import DeclaredPropertyBlock
from wagtail_journeys.events.observing import kind_of_all
from wagtail_journeys.streams import RegistryStreamField, raw


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
            # With the contact at the end: who did something in a period is read from the index alone.
            models.Index(fields=["name", "occurred_at", "contact"], name="wj_event_name"),
            models.Index(
                fields=["anonymous_id", "contact"],
                name="wj_event_anonymous",
                condition=Q(contact__isnull=True) & ~Q(anonymous_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.occurred_at:%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Property:
    """What is known of one property of an event: its kind, and whether somebody declared it or it was only seen."""

    name: str
    kind: str
    declared: bool = False
    seen: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def is_odd(self) -> bool:
        """Whether values were seen that are not of the declared kind."""
        return self.declared and any(kind != self.kind for kind in self.seen)


class EventDefinition(models.Model):
    """What is known of the events of one name: what people declare, and what has been seen of it in the log.

    ``daily`` is ``{"2026-05-04": 17}``, the events of the last days (UTC); ``seen_properties`` is ``{name: {"kinds":
    [...], "examples": [...]}}``; ``sources`` are those of the events. ``learning`` writes these, people the others, and
    neither writes what is the other's.
    """

    wagtail_reference_index_ignore = True

    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        help_text=_("As it is sent, for example sample_requested. It cannot be changed later."),
    )
    label = models.CharField(
        _("in words"),
        max_length=200,
        blank=True,
        help_text=_("What the contact did, as half a sentence: “requested a sample”."),
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("When it is sent, and by what. Only editors see it.")
    )
    declared = models.BooleanField(
        _("declared"),
        default=False,
        help_text=_(
            "Somebody here knows this event and wants it. Events of visitors start campaigns only if they are declared."
        ),
    )
    anonymous_allowed = models.BooleanField(
        _("visitors may send this"),
        default=False,
        help_text=_(
            "The tracker in browsers and every public write key may send it. Anybody can then make it up: leave it off "
            "for what only your servers know, such as payments."
        ),
    )
    declared_properties = RegistryStreamField(
        [("property", DeclaredPropertyBlock())], blank=True, verbose_name=_("properties")
    )
    expected = models.BooleanField(
        _("expected"),
        default=False,
        help_text=_("Warn when it stops coming, also where no campaign and no segment needs it."),
    )
    ignored = models.BooleanField(
        _("ignored"), default=False, help_text=_("Never suggested, and nobody is warned about it.")
    )
    first_seen = models.DateTimeField(_("first seen"), null=True, blank=True, editable=False)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    volume = models.BigIntegerField(_("number"), default=0, editable=False)
    daily = models.JSONField(default=dict, blank=True, editable=False)
    seen_properties = models.JSONField(default=dict, blank=True, editable=False)
    sources = models.JSONField(default=list, blank=True, editable=False)

    #: What people write.
    DECLARED_FIELDS = [
        "label",
        "description",
        "declared",
        "anonymous_allowed",
        "declared_properties",
        "expected",
        "ignored",
    ]

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def properties(self) -> list[Property]:
        """Declared properties first, in the order in which they were declared, then the others by name."""
        declared = {
            block["value"]["name"]: block["value"]["kind"]
            for block in raw(self.declared_properties)
            if block["value"].get("name")
        }
        seen: dict[str, Any] = self.seen_properties
        others = sorted(seen.keys() - declared.keys())
        return [
            Property(
                name,
                declared.get(name) or kind_of_all(seen[name]["kinds"]),
                name in declared,
                list(seen.get(name, {}).get("kinds", ())),
                list(seen.get(name, {}).get("examples", ())),
            )
            for name in [*declared, *others]
        ]


class Heartbeat(models.Model):
    """When the engine last looked at the queues (``tick``) and until when one alarm clock keeps looking (``pulse``).

    ``position`` is how far a look has read in the log of events, for those that read it.
    """

    wagtail_reference_index_ignore = True

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=40, blank=True)
    position = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
