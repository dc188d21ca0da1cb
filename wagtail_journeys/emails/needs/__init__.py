"""What the blocks of an email ask about its receivers, answered for all messages of a batch at once.

A need of a site's own is one class in its ``email_needs.py``, decorated with ``@registry.register``; a block names it with
``ctx.need(key, params)`` and reads the answer as ``blocks.<name>``.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wagtail_journeys.exceptions import JourneysError, TemplateError
from wagtail_journeys.registry import Registry

from .base import Asked as Asked
from .base import Need as Need

registry: Registry[Need] = Registry("need", "email_needs", __name__)


def answer(
    asked: Iterable[tuple[Asked, Mapping[str, Any]]], now: datetime.datetime
) -> dict[int, dict[str, Any] | TemplateError]:
    """For each message what its blocks ask, by their names, or why that cannot be told.

    The same question (of whatever templates) is put once for all messages that need it in the same language: the number
    of statements does not depend on the number of messages.
    """
    groups: dict[str, tuple[str, dict[str, Any], list[Asked]]] = {}
    names: dict[str, list[tuple[int, str]]] = {}
    found: dict[int, dict[str, Any] | TemplateError] = {}
    for one, needs in asked:
        found[one.message] = {}
        for name, need in needs.items():
            said = json.dumps([need["need"], need["params"], one.language, one.base_url], sort_keys=True)
            groups.setdefault(said, (need["need"], need["params"], []))[2].append(one)
            names.setdefault(said, []).append((one.message, name))
    for said, (key, params, those) in groups.items():
        try:
            answers = registry[key].answer(params, those, now)
        except JourneysError as error:
            for message, _name in names[said]:
                found[message] = TemplateError(str(error))
            continue
        for message, name in names[said]:
            got = found[message]
            if isinstance(got, dict):
                got[name] = answers[message]
    return found


def samples(needs: Mapping[str, Mapping[str, Any]], one: Asked, now: datetime.datetime) -> dict[str, Any]:
    """What the blocks show in a preview, to nobody in particular."""
    return {name: registry[need["need"]].sample(need["params"], one, now) for name, need in needs.items()}


def problems(needs: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """Kinds of needs that nobody can answer (any more)."""
    return sorted({need["need"] for need in needs.values() if need["need"] not in registry})
