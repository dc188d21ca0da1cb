"""Who needs which event: what stands above events tells it here, as events know nothing of segments and campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A segment or campaign (``kind``) that names an event; ``starts`` where the event is what starts it."""

    event: str
    kind: str
    pk: int
    title: str
    live: bool
    url: str
    starts: bool = False


_tellers: dict[str, Callable[[], Iterable[Need]]] = {}


def tell(kind: str, teller: Callable[[], Iterable[Need]]) -> None:
    """Register who knows the needs of one kind; called once per look, it runs one or two statements."""
    _tellers[kind] = teller


def needs() -> list[Need]:
    """All of them, drafts too."""
    return [need for teller in _tellers.values() for need in teller()]


def may_be_seen(need: Need, user: object) -> bool:
    """Whether the user may know that the segment or campaign is there."""
    rights = ("view", "add", "change", "publish")
    return any(user.has_perm(f"wagtail_journeys.{right}_{need.kind}") for right in rights)  # type: ignore[attr-defined]
