"""Who may see what on the pages of reporting."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail.permissions import policy_registry

ANY = ["add", "change", "delete", "view"]


def may_see(request: HttpRequest, model: type[Any]) -> bool:
    return policy_registry.get_by_type(model).user_has_any_permission(request.user, ANY)
