"""System checks: what would make journeys unsafe or stand still, found before it does."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Warning, register
from django.db import connections, router
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from wagtail_journeys.conf import conf
from wagtail_journeys.emails.checks import check_email_timeout, check_email_traffic
from wagtail_journeys.events import catalogue

register(check_email_timeout)
register(check_email_traffic)


@register("database")
def check_database(app_configs: Any = None, **kwargs: Any) -> list[Any]:
    """The database is one that the engine speaks, and SQLite is set up for several writers."""
    from wagtail_journeys.events.models import InboxItem

    alias = router.db_for_write(InboxItem)
    connection = connections[alias]
    if connection.vendor not in ("postgresql", "sqlite"):
        return [
            Error(
                f"wagtail-journeys runs on PostgreSQL and SQLite, not on {connection.display_name}.",
                hint="Give it a database of its own with a database router, or move the site to PostgreSQL.",
                id="wagtail_journeys.E001",
            )
        ]
    if connection.vendor == "sqlite":
        options = connection.settings_dict.get("OPTIONS", {})
        if (
            str(options.get("transaction_mode", "")).upper() != "IMMEDIATE"
            or "wal" not in str(options.get("init_command", "")).lower()
        ):
            return [
                Warning(
                    "SQLite is not set up for a web server and a cluster writing at the same time.",
                    hint='Set OPTIONS = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": '
                    '"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}.',
                    id="wagtail_journeys.W001",
                )
            ]
    return []


@register()
def check_undeclared_events(app_configs: Any = None, **kwargs: Any) -> list[Any]:
    """A word that is none of the three would let everything or nothing start campaigns."""
    if conf.UNDECLARED_EVENTS in catalogue.MODES:
        return []
    return [
        Error(
            f"JOURNEYS_UNDECLARED_EVENTS is {conf.UNDECLARED_EVENTS!r}.",
            hint='Set it to "known", "all" or "declared".',
            id="wagtail_journeys.E002",
        )
    ]


#: A long campaign has a few thousand fields; Wagtail's own template for new sites allows as many.
FIELDS = 10_000


@register()
def check_fields(app_configs: Any = None, **kwargs: Any) -> list[Any]:
    """Django answers a form with more fields than it allows with an error 400: a long campaign could not be saved."""
    allowed = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    if allowed is None or allowed >= FIELDS:
        return []
    return [
        Warning(
            f"DATA_UPLOAD_MAX_NUMBER_FIELDS is {allowed}: campaigns with many steps cannot be saved.",
            hint=f"Set DATA_UPLOAD_MAX_NUMBER_FIELDS = {FIELDS:_}.",
            id="wagtail_journeys.W004",
        )
    ]


@register()
def check_cluster(app_configs: Any = None, **kwargs: Any) -> list[Any]:
    """A task is not run a second time while it still runs."""
    cluster = getattr(settings, "Q_CLUSTER", None)
    if not isinstance(cluster, dict):
        return [
            Warning(
                "Q_CLUSTER is not set: no django-q2 cluster will move journeys.",
                hint="See docs/installation.md for the settings to start with.",
                id="wagtail_journeys.W002",
            )
        ]
    timeout, retry = cluster.get("timeout"), cluster.get("retry", 60)
    if not timeout or timeout >= retry:
        return [
            Warning(
                "Q_CLUSTER['timeout'] should be set, and smaller than 'retry'.",
                hint="Otherwise django-q2 starts a task again while it is still running. Try timeout 120, retry 180.",
                id="wagtail_journeys.W003",
            )
        ]
    return []


@register()
def check_links(app_configs: Any = None, **kwargs: Any) -> list[Any]:
    """Links in emails are answered where they lead: a mail program's one-click POST follows no redirect."""
    problem = _problem_with_links()
    if not problem:
        return []
    hint = "See “Unsubscribing” in docs/consent.md."
    return [Warning(problem, hint=hint, id="wagtail_journeys.W005")]


def _problem_with_links() -> str:
    paths = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            try:
                paths.add(reverse("wagtail_journeys:unsubscribe", args=["x"]))
            except NoReverseMatch:
                return "wagtail_journeys.urls is not included in the site's URLs: emails have no links to unsubscribe."
    if len(paths) > 1:
        return "wagtail_journeys.urls is included inside i18n_patterns: unsubscribing with one click is redirected."
    base = urlsplit(str(conf.BASE_URL))
    exempt = any(re.search(pattern, paths.pop().lstrip("/")) for pattern in settings.SECURE_REDIRECT_EXEMPT)
    if settings.SECURE_SSL_REDIRECT and base.scheme == "http" and not exempt:
        return "JOURNEYS_BASE_URL begins with http:, and SECURE_SSL_REDIRECT redirects it."
    if settings.PREPEND_WWW and base.hostname and not base.hostname.startswith("www."):
        return "JOURNEYS_BASE_URL is without www., and PREPEND_WWW redirects it."
    return ""
