"""The names of events that the package itself writes, and the values that editors choose from."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

PAGE_VIEW = "page_view"
PAGE_LEFT = "page_left"
OUTBOUND_CLICK = "outbound_click"
FILE_CLICK = "file_click"
DOCUMENT_DOWNLOAD = "document_download"
FORM_SUBMIT = "form_submit"
LOGIN = "login"
LOGOUT = "logout"
IDENTIFY = "identify"
CONSENT_CHANGED = "consent_changed"
EMAIL_SENT = "email_sent"
JOURNEY_ENTERED = "journey_entered"
JOURNEY_ENDED = "journey_ended"

LABELS = {
    PAGE_VIEW: _("viewed a page"),
    PAGE_LEFT: _("left a page"),
    OUTBOUND_CLICK: _("followed a link to another site"),
    FILE_CLICK: _("opened a file"),
    DOCUMENT_DOWNLOAD: _("downloaded a document"),
    FORM_SUBMIT: _("submitted a form"),
    LOGIN: _("logged in"),
    LOGOUT: _("logged out"),
    IDENTIFY: _("told us about themselves"),
    CONSENT_CHANGED: _("changed a consent"),
    EMAIL_SENT: _("was sent an email"),
    JOURNEY_ENTERED: _("entered a campaign"),
    JOURNEY_ENDED: _("ended a campaign"),
}

#: Source of events that the engine itself records.
ENGINE = "engine"


def label(name: str) -> str:
    """The words for an event name; a custom name stands for itself in quotes."""
    return str(LABELS.get(name) or f"“{name}”")


def choices() -> list[tuple[str, object]]:
    """Names to offer: the built-in ones, then every other name in the log, in alphabetical order."""
    from .models import Event

    known = [name for name in LABELS if name != IDENTIFY]
    others = (
        Event.objects.exclude(name__in=LABELS)
        .order_by("name")
        .values_list("name", flat=True)
        .distinct()[:200]
    )
    return [(name, LABELS[name]) for name in known] + [(name, name) for name in others]
