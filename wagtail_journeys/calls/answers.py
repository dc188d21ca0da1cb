"""What is kept of an answer: its beginning for people, and the members that a step asks for."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _t

from . import secrets

#: Characters of an answer that are kept to be shown.
SHOWN = 2000
#: Characters of one value that a journey keeps.
KEPT = 1000


def shown(body: bytes) -> str:
    """The beginning of an answer for people, without secrets and without what a database does not take."""
    text = body[: SHOWN * 4].decode("utf-8", "replace").replace("\x00", "�")
    text = secrets.redact(text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def keep(body: bytes, wanted: list[list[str]]) -> tuple[dict[str, Any], str]:
    """The wanted members of a JSON answer ("data.id", "items.0.id"), and what could not be found, in words."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}, _t("The answer is not JSON; nothing of it was kept.")
    found: dict[str, Any] = {}
    missing = []
    for member, name in wanted:
        value = _member(document, member)
        if isinstance(value, str):
            value = secrets.redact(value[:KEPT].replace("\x00", ""))
        if value is None or isinstance(value, dict | list):
            missing.append(member)
        elif not isinstance(value, float | int) or abs(value) < 2**53:
            found[name] = value
        else:
            found[name] = str(value)[:KEPT]
    return found, _t("The answer has no %s.") % ", ".join(missing) if missing else ""


def _member(document: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
