from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wagtail_journeys.events.models import Event


@dataclass(frozen=True, slots=True)
class Asked:
    """One message about whose receiver something is asked. ``contact`` 0 is nobody, in a preview."""

    message: int
    contact: int
    language: str
    base_url: str
    event: Event | None = None


class Need:
    """One kind of question. Subclass it, give it a ``key`` and decorate it with ``@registry.register``.

    Answers are plain JSON values: they are kept with the message, to show it again as it was. Texts in them are printed as
    they are, never read as Liquid or HTML.
    """

    key: str = ""

    def answer(
        self, params: dict[str, Any], asked: Sequence[Asked], now: datetime.datetime
    ) -> dict[int, dict[str, Any]]:
        """The answer for each message, in a number of statements that does not depend on how many there are.

        Raises TemplateError where the question itself cannot be put.
        """
        raise NotImplementedError

    def sample(self, params: dict[str, Any], one: Asked, now: datetime.datetime) -> dict[str, Any]:
        """An answer to show in a preview."""
        return self.answer(params, [one], now)[one.message]
