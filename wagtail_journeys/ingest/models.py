from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue, sanitise
from wagtail_journeys.exceptions import BadEvent

#: What a public key may always send; every other name has to be declared. A browser cannot vouch for the rest of ours.
ALWAYS = frozenset({catalogue.PAGE_VIEW, catalogue.IDENTIFY})
RESERVED = frozenset(catalogue.LABELS) - ALWAYS


class WriteKey(models.Model):
    """What a site, shop, app or CRM shows when it sends events. Only its hash is kept."""

    wagtail_reference_index_ignore = True

    class Kind(models.TextChoices):
        PUBLIC = "public", _("public: for browsers and apps")
        SERVER = "server", _("server: secret, vouches for who somebody is")

    name = models.CharField(_("name"), max_length=100, help_text=_("Who sends with it: “web shop”, “CRM”."))
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind.choices,
        default=Kind.PUBLIC,
        help_text=_(
            "Everybody can read a public key: it may say what was done and never by whom. A server key stays on "
            "your servers. The kind cannot be changed later."
        ),
    )
    site = models.ForeignKey(
        "wagtailcore.Site",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("site"),
        help_text=_("The site its events belong to. Empty: found by the address of the page."),
    )
    allowed_origins = models.TextField(
        _("allowed origins"),
        blank=True,
        help_text=_(
            "For a public key, one on each line, such as https://shop.example.com. Empty: this site's own pages "
            "only. A line with * lets in every origin, and apps, which have none."
        ),
    )
    allowed_events = models.TextField(
        _("events that visitors may send"),
        blank=True,
        help_text=_(
            "For a public key, one name on each line. Page views may always be sent; other events are kept as "
            "rejected, with the reason."
        ),
    )
    may_enrol = models.BooleanField(
        _("may add contacts to campaigns"),
        default=False,
        help_text=_("For a server key: it may put contacts into campaigns by the call “enrol”."),
    )
    prefix = models.CharField(max_length=16, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    rotated_at = models.DateTimeField(_("rotated"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("write key")
        verbose_name_plural = _("write keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(line.rstrip("/").lower() for line in _lines(self.allowed_origins))

    @property
    def events(self) -> frozenset[str]:
        return frozenset(_lines(self.allowed_events))

    def clean(self) -> None:
        problems: dict[str, Any] = {}
        wrong = [line for line in _lines(self.allowed_origins) if not _is_origin(line)]
        if wrong:
            problems["allowed_origins"] = (
                _t("“%s” is no origin: give scheme and host, such as https://example.com.") % (wrong[0][:100])
            )
        for line in _lines(self.allowed_events):
            if line in RESERVED:
                problems["allowed_events"] = _t("“%s” is told by the site itself.") % line
            elif not _is_name(line):
                problems["allowed_events"] = _t("“%s” cannot be the name of an event.") % line[:100]
        if problems:
            raise ValidationError(problems)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _is_origin(line: str) -> bool:
    if line == "*":
        return True
    try:
        found = urlsplit(line.rstrip("/"))
        return bool(
            found.scheme in ("http", "https")
            and found.hostname
            and found.port != 0
            and not (found.path or found.query or found.fragment or found.username)
        )
    except ValueError:
        return False


def _is_name(line: str) -> bool:
    try:
        return sanitise.event_name(line) == line
    except BadEvent:
        return False
