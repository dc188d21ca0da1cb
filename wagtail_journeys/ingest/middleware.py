"""Answers the collecting addresses before sessions, users and languages are looked at. Put it first in MIDDLEWARE."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.functional import cached_property

#: Names in ``wagtail_journeys.urls`` whose views need nothing of other middleware.
COLLECTING = frozenset({"collect", "api", "api-settings", "api-document"})

#: Those of which there are few addresses, so that they can be remembered.
FEW = frozenset({"collect", "api"})


class CollectorMiddleware:
    """Every other address goes its usual way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.known: dict[str, ResolverMatch] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = self.known.get(request.path_info)
        if known is not None:
            return known.func(request, *known.args, **known.kwargs)
        if request.path_info.startswith(self.prefix):
            try:
                match = resolve(request.path_info)
            except Resolver404:
                return self.get_response(request)
            if "wagtail_journeys" in match.app_names and match.url_name in COLLECTING:
                if match.url_name in FEW:
                    self.known[request.path_info] = match
                return match.func(request, *match.args, **match.kwargs)
        return self.get_response(request)

    @cached_property
    def prefix(self) -> str:
        """Where the site has included ``wagtail_journeys.urls``, without the script's own prefix."""
        from django.urls import get_script_prefix

        address = reverse("wagtail_journeys:collect")
        return "/" + address.removeprefix(get_script_prefix()).partition("collect/")[0]
