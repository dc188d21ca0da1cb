"""Secrets by name: ``{{ secret.crm_token }}`` in a step, ``JOURNEYS_SECRETS = {"crm_token": "…"}`` in the site's settings.

From the moment that a request is rendered until it is sent, a mark stands in the place of the value: the name between two
characters that are taken out of everything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from django.utils.translation import gettext as _t

from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import CallRefused

OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}([A-Za-z0-9_]+){CLOSE}")
TAG = re.compile(r"\{\{-?\s*secret\.([A-Za-z0-9_]+)\s*-?\}\}")
DOTS = "•••"

#: Headers whose value is nobody's business, whoever wrote it.
SENSITIVE = re.compile(r"auth|token|key|secret|cookie|password|signature", re.IGNORECASE)


def names() -> list[str]:
    return sorted(conf.SECRETS)


def exists(name: str) -> bool:
    return name in conf.SECRETS


def value(name: str) -> str:
    """The secret; a callable in the setting is called. Raises CallRefused for one that does not exist or is empty."""
    found = conf.SECRETS.get(name)
    if callable(found):
        found = found()
    if not found:
        raise CallRefused(_t("There is no secret “%s” in the settings of this site.") % name)
    return str(found)


def mark(name: str) -> str:
    return f"{OPEN}{name}{CLOSE}"


def clean(text: str) -> str:
    """A text that nobody can smuggle a mark into."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def _reveal(text: str, encode: Callable[[str], str]) -> str:
    return MARK.sub(lambda found: encode(value(found.group(1))), text)


def in_url(text: str) -> str:
    return _reveal(text, lambda secret: quote(secret, safe=""))


def in_header(text: str) -> str:
    return _reveal(text, str)


def in_json(text: str) -> str:
    return _reveal(text, lambda secret: json.dumps(secret)[1:-1])


def in_form(text: str) -> str:
    return _reveal(text, quote_plus)


def shown(text: str) -> str:
    """A rendered text for people: dots and the name where the secret goes."""
    return MARK.sub(lambda found: f"{DOTS}{found.group(1)}{DOTS}", text)


def shown_header(name: str, text: str) -> str:
    """The same for the value of a header; a sensitive one is not shown even if no secret stands in it."""
    if SENSITIVE.search(name) and not MARK.search(text):
        return DOTS
    return shown(text)


def redact(text: str) -> str:
    """What others said, without any of our secrets: receivers like to repeat what they were sent."""
    for name in conf.SECRETS:
        try:
            secret = value(name)
        except CallRefused:
            continue
        for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
            if len(form) >= 4:
                text = text.replace(form, DOTS)
    return text
