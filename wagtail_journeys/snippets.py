"""What our snippets with drafts have in common."""

from __future__ import annotations

from typing import Any

from django.db import models


class LateDraftMixin(models.Model):
    """A draft that is saved late does not take back what was published meanwhile.

    The editor saves a draft by itself while somebody types. A save that was still on its way when Publish was clicked
    would write the whole row as it had read it: not live. Its content is in the revision that goes with it; the row is
    left as it is. Stands before DraftStateMixin.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not kwargs.get("update_fields") and self._is_late():
            return
        super().save(*args, **kwargs)

    def with_content_json(self, content: dict[str, Any]) -> Any:
        restored = super().with_content_json(content)  # type: ignore[misc]
        restored._read_as_live = restored.live
        return restored

    def _is_late(self) -> bool:
        read_as_live = getattr(self, "_read_as_live", None)
        live: bool = self.live  # type: ignore[attr-defined]
        if read_as_live is not False or live:
            return False
        return type(self)._default_manager.filter(models.Q(("live", True)), pk=self.pk).exists()
