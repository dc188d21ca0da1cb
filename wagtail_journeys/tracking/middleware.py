"""The one thing that a receiver of a signal cannot do by itself: give the browser another anonymous id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from wagtail_journeys.tracking import visitor


class VisitorMiddleware:
    """Whoever logs out leaves a new anonymous id behind; whoever logs in on another's browser begins with one.

    Sets a cookie in no other answer, and reads neither session nor database. Put it anywhere in ``MIDDLEWARE``.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        setattr(request, visitor.NEXT, None)
        if iscoroutinefunction(self.get_response):
            return VisitorMiddleware._answer(self, request)
        response = self.get_response(request)
        visitor.set_cookie(request, response)  # type: ignore[arg-type]
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        response = await self.get_response(request)  # type: ignore[misc]
        visitor.set_cookie(request, response)
        return response
