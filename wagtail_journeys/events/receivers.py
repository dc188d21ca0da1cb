"""What the catalogue does when its rows change, and when a database is set up."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import router
from django.db.models.signals import post_delete, post_migrate, post_save

from wagtail_journeys.events import catalogue


def connect() -> None:
    from wagtail_journeys.events.models import EventDefinition

    for signal in (post_save, post_delete):
        signal.connect(_changed, sender=EventDefinition, dispatch_uid="journeys-event-definition")
    sender = apps.get_app_config("wagtail_journeys")
    post_migrate.connect(_declare_our_own, sender=sender, dispatch_uid="journeys-own-events")


def _changed(**kwargs: Any) -> None:
    catalogue.forget()


def _declare_our_own(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """The events that the package itself records are in the catalogue from the start."""
    from wagtail_journeys.events.models import EventDefinition

    try:
        kwargs.get("apps", apps).get_model("wagtail_journeys", "EventDefinition")
    except LookupError:
        return  # migrated back to before there was a catalogue
    if not router.allow_migrate_model(using, EventDefinition):
        return
    rows = EventDefinition.objects.using(using)
    present = set(rows.filter(name__in=catalogue.LABELS).values_list("name", flat=True))
    missing = sorted(set(catalogue.LABELS) - present)
    rows.bulk_create(
        [EventDefinition(name=name, declared=True, declared_properties=[]) for name in missing],
        ignore_conflicts=True,
    )
