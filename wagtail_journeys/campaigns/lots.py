"""Who gets which part of a division by percentage: always the same contact the same one (semantics S4, S5)."""

from __future__ import annotations

import hashlib


def position_of(contact: str, step_id: str, salt: str = "") -> float:
    """Where a contact (its uuid) stands between 0 and 1 at this step: sha256 of "contact:step:salt"."""
    digest = hashlib.sha256(f"{contact}:{step_id}:{salt}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def arm_at(place: float, weights: list[tuple[str, float]]) -> str:
    """The part in which ``place`` (0 to 1) falls when the weights are laid end to end."""
    total = sum(weight for _arm, weight in weights)
    end = 0.0
    for arm, weight in weights:
        end += weight / total
        if place < end:
            return arm
    return weights[-1][0]
