from __future__ import annotations

from typing import Any

from wagtail import blocks

Params = dict[str, Any]


class Trigger:
    """One kind of start. ``events`` and ``segments`` say which facts it listens to, so that others cost nothing."""

    key: str = ""
    label: Any = ""
    #: Whether it is told by an event or a segment, and so can be a goal or an exit as well.
    fact: bool = True
    #: Whether contacts start it by being added; to other campaigns they are added past their trigger.
    by_hand: bool = False
    icon: str = "crosshairs"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return []

    def block(self) -> blocks.StructBlock:
        return blocks.StructBlock(
            self.fields(), label=self.label, icon=self.icon, form_classname="struct-block wj-row"
        )

    def describe(self, params: Params) -> str:
        """The trigger as half a sentence about the contact: "downloaded a document"."""
        return str(self.label)

    def events(self, params: Params) -> frozenset[str]:
        """Names of the events that may start the campaign."""
        return frozenset()

    def pages(self, params: Params) -> set[int]:
        """Pages that ``matches`` will be asked about."""
        return set()

    def matches(self, params: Params, event: Any, places: Any) -> bool:
        """Whether this event (an ``events.log.Recorded``) starts it; no statements here."""
        return False

    def segments(self, params: Params) -> frozenset[int]:
        """Segments whose entering starts the campaign."""
        return frozenset()

    def segments_left(self, params: Params) -> frozenset[int]:
        """Segments whose leaving starts the campaign."""
        return frozenset()

    def problems(self, params: Params) -> list[str]:
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        return {}
