"""A made-up person and event for previews, in place of a contact's real values."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t

from .liquid import NOWHERE, Path


def context(site: dict[str, Any]) -> dict[str, Any]:
    return {
        "contact": {
            "email": "ann.jansen@example.com",
            "first_name": "Ann",
            "last_name": "Jansen",
            "name": "Ann Jansen",
            "locale": "en",
            "points": 12,
        },
        "event": {
            "name": "document_download",
            "url": f"{site['root_url']}/",
            "page_title": _t("Example page"),
            "document_title": _t("Example document"),
        },
        "journey": {},
        "site": site,
        **NOWHERE,
    }


def defaults(paths: tuple[Path, ...]) -> dict[str, str]:
    """Tags that the made-up person has no value for show their own name."""
    return {".".join(path): f"‹{path[-1]}›" for path in paths}
