"""Whether the receiver matches conditions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from wagtail_journeys.segments import compiler

from . import registry
from .base import Asked, Need


@registry.register
class Contacts(Need):
    key = "contacts"

    def answer(
        self, params: dict[str, Any], asked: Sequence[Asked], now: datetime.datetime
    ) -> dict[int, dict[str, Any]]:
        question = compiler.Question(params["match"], params["rules"], {one.contact for one in asked})
        matching = compiler.evaluate({0: question}, now)[0]
        return {one.message: {"shown": one.contact in matching} for one in asked}

    def sample(self, params: dict[str, Any], one: Asked, now: datetime.datetime) -> dict[str, Any]:
        return super().sample(params, one, now) if one.contact else {"shown": True}
