"""Who may see contacts."""

from __future__ import annotations

from typing import Any


def may_see_contacts(user: Any) -> bool:
    """Whether names and addresses may be shown: the right to campaigns or segments is not yet the right to contacts."""
    return user is not None and any(
        user.has_perm(f"wagtail_journeys.{right}_contact") for right in ("view", "change")
    )
