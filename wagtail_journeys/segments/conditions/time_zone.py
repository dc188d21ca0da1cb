"""The contact's time zone."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.utils.translation import gettext_lazy as _

from . import registry
from .chosen import Chosen

#: Old names and names for machines: a contact may have one of them, nobody needs to choose it.
UNUSUAL = {"Etc", "SystemV", "US", "posix", "right", "Brazil", "Canada", "Chile", "Mexico"}


@registry.register
class TimeZone(Chosen):
    key = "time_zone"
    label = _("Time zone")
    icon = "time"
    column = "time_zone"
    field = "zone"
    operator_label = _("The time zone")
    field_label = _("Time zone")
    nothing_chosen = _("Choose a time zone.")
    sentences = {
        "is": _("time zone is %s"),
        "is_not": _("time zone is not %s"),
        "exists": _("time zone is known"),
        "missing": _("time zone is not known"),
    }

    def choices(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        """Zones by the part of the world they are named after."""
        found: dict[Any, list[tuple[str, Any]]] = {}
        for name in sorted(zoneinfo.available_timezones()):
            area, slash, place = name.partition("/")
            if slash and area not in UNUSUAL:
                found.setdefault(area, []).append((name, f"{place.replace('_', ' ')} ({name})"))
        return [*found.items(), ("UTC", [("UTC", "UTC")])]
