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
SIGN_UP = "sign_up"
SITE_SEARCH = "site_search"
PAGE_PUBLISHED = "page_published"
ORDER_COMPLETED = "order_completed"
ORDER_REFUNDED = "order_refunded"
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
    SIGN_UP: _("signed up"),
    SITE_SEARCH: _("searched the site"),
    PAGE_PUBLISHED: _("published a page"),
    ORDER_COMPLETED: _("completed an order"),
    ORDER_REFUNDED: _("got an order refunded"),
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


def find_names(typed: str = "") -> list[tuple[str, str]]:
    """Names to offer with their labels, those that hold what was typed."""
    wanted = typed.strip().lower()
    found = [(name, str(label)) for name, label in choices()]
    return [pair for pair in found if wanted in pair[0].lower() or wanted in pair[1].lower()]


def find_properties(event: str, typed: str = "") -> list[tuple[str, str]]:
    """Names of properties that the event has had, with their types as labels."""
    return []


def find_values(event: str, name: str, typed: str = "") -> list[tuple[str, str]]:
    """Examples of what the property has been."""
    return []
