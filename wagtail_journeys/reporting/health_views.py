"""Health for monitors, as JSON, and for colleagues: a panel on the home page of the admin, a banner on ours."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.admin.ui.components import Component

from wagtail_journeys.conf import conf
from wagtail_journeys.reporting import health

#: Whoever may do any of this is told when nothing moves.
PERMISSIONS = [
    f"wagtail_journeys.{name}"
    for name in ("change_campaign", "publish_campaign", "move_journey", "use_debugger")
]


def may_see(user: Any) -> bool:
    return user is not None and user.is_active and any(user.has_perm(name) for name in PERMISSIONS)


def is_monitor(request: HttpRequest) -> bool:
    """Whether the request shows JOURNEYS_HEALTH_TOKEN: as a bearer token, or in the address."""
    if not conf.HEALTH_TOKEN:
        return False
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    shown = token.strip() if kind.lower() == "bearer" else request.GET.get("token", "")
    return constant_time_compare(shown, conf.HEALTH_TOKEN)


@never_cache
@require_safe
def health_view(request: HttpRequest) -> JsonResponse:
    """200 where nothing is wrong, or nothing but warnings; 503 otherwise; 403 for strangers."""
    try:
        if not is_monitor(request) and not may_see(getattr(request, "user", None)):
            return JsonResponse({"status": "forbidden"}, status=403)
        found = health.look(timezone.now()).as_dict()  # noqa: TID251 a view: as it stands now
    except DatabaseError:
        return JsonResponse({"status": health.ERROR, "findings": [{"key": "database"}]}, status=503)
    return JsonResponse(found, status=503 if found["status"] == health.ERROR else 200)


class HealthPanel(Component):
    """On the home page of the admin, for those who can do something about it, and only when something is wrong."""

    name = "journeys_health"
    template_name = "wagtail_journeys/reporting/health_banner.html"
    order = 50

    def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
        request = parent_context["request"]
        return {"health": of_page(request)}


def of_page(request: HttpRequest) -> health.Health | None:
    """What a page of the admin tells this reader; None where there is nothing to tell."""
    if not may_see(request.user):
        return None
    found = health.lately(timezone.now())  # noqa: TID251 a view: as it stands now
    return found if found.findings else None
