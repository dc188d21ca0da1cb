"""The life of a campaign (semantics P2): what it is, in one word, and what may be done with it.

``draft`` · ``live`` · ``paused`` (no entries, contacts inside stay where they are) · ``stopping`` (no entries, contacts
inside finish) · ``ended`` · ``archived``. Doing it is ``journeys.lifecycle``.
"""

from __future__ import annotations

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _


class Phase(TextChoices):
    DRAFT = "draft", _("draft")
    LIVE = "live", _("live")
    PAUSED = "paused", _("paused")
    STOPPING = "stopping", _("stopping")
    ENDED = "ended", _("ended")
    ARCHIVED = "archived", _("archived")


class Transition(TextChoices):
    """In the order in which they are offered; the values are the names of their URLs."""

    PAUSE = "pause", _("Pause")
    RESUME = "resume", _("Resume")
    STOP = "stop", _("Stop")
    END = "end", _("End now")
    ARCHIVE = "archive", _("Archive")
    RESTORE = "restore", _("Restore")


#: From which phases each can be done.
FROM: dict[str, frozenset[Phase]] = {
    Transition.PAUSE: frozenset({Phase.LIVE}),
    Transition.RESUME: frozenset({Phase.PAUSED}),
    Transition.STOP: frozenset({Phase.LIVE, Phase.PAUSED}),
    Transition.END: frozenset({Phase.LIVE, Phase.PAUSED, Phase.STOPPING}),
    Transition.ARCHIVE: frozenset({Phase.DRAFT, Phase.ENDED}),
    Transition.RESTORE: frozenset({Phase.ARCHIVED}),
}


def moving(prefix: str = "") -> Q:
    """Campaigns whose contacts go on, as a filter: ``Campaign.moves``. ``prefix`` leads to them ("campaign__")."""
    return Q(**{f"{prefix}state": "stopping"}) | Q(**{f"{prefix}live": True, f"{prefix}state": "running"})


def phase(live: bool, state: str, *, archived: bool) -> Phase:
    if archived:
        return Phase.ARCHIVED
    if state == "stopping":
        return Phase.STOPPING
    if live:
        return Phase.PAUSED if state == "paused" else Phase.LIVE
    return Phase.ENDED if state == "ended" else Phase.DRAFT


def in_phase(phase: str) -> Q:
    """The campaigns of which ``phase`` says so, as a filter."""
    archived = Q(archived_at__isnull=False)
    found = {
        Phase.ARCHIVED: archived,
        Phase.STOPPING: Q(state="stopping"),
        Phase.PAUSED: Q(live=True, state="paused"),
        Phase.LIVE: Q(live=True) & ~Q(state__in=["paused", "stopping"]),
        Phase.ENDED: Q(live=False, state="ended"),
        Phase.DRAFT: Q(live=False) & ~Q(state__in=["ended", "stopping"]),
    }[Phase(phase)]
    return found if phase == Phase.ARCHIVED else found & ~archived


def possible(phase: Phase, inside: int) -> list[Transition]:
    """What may be done with a campaign in this phase that so many contacts are in."""
    if inside and phase in FROM[Transition.ARCHIVE]:
        return [Transition.END]  # taken off line with contacts in it, who would stay where they are
    return [transition for transition in Transition if phase in FROM[transition]]
