"""Whose form is being submitted: Wagtail saves a submission without its request, so the request leaves a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from wagtail_journeys.events import bots, sanitise
from wagtail_journeys.tracking import sites, visitor


@dataclass(frozen=True)
class Origin:
    """Where a submission comes from."""

    anonymous_id: str = ""
    url: str = ""
    site_id: int | None = None
    bot: str = ""
    network: str = ""
    user_agent: str = ""


_origin: ContextVar[Origin | None] = ContextVar("wagtail_journeys_origin", default=None)


def current() -> Origin:
    """The origin of the form that is being served in this thread or task; an empty one outside of that."""
    return _origin.get() or Origin()


@contextmanager
def served_to(request: HttpRequest) -> Iterator[None]:
    """Note the request's visitor while a page is served, and forget it afterwards.

    A thread serves one visitor after another: a note that stayed would give the next submission to the wrong one.
    """
    token = _origin.set(
        Origin(
            visitor.anonymous_id(request),
            sanitise.url(request.build_absolute_uri()),
            sites.site_id(request),
            bots.kind(request),
            visitor.network(request),
            sanitise.line(request.headers.get("User-Agent", ""), 200),
        )
    )
    try:
        yield
    finally:
        _origin.reset(token)


def note_visitor(serve: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hook ``on_serve_page``: every page that Wagtail serves, without a line in the site's own code."""

    def noted(page: Any, request: HttpRequest, args: Any, kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return serve(page, request, args, kwargs)
        with served_to(request):
            return serve(page, request, args, kwargs)

    return noted


class JourneysFormMixin:
    """For form pages that are served past Wagtail's own view (by a view of the site's, say). Put it first."""

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with served_to(request):
            return super().serve(request, *args, **kwargs)  # type: ignore[misc]
