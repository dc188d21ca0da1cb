"""What the pages behind the links of emails have in common: they are private, and speak the contact's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page for whoever holds the link, and nobody else."""
    return private(render(request, template, context, status=status))


def unknown(request: HttpRequest, template: str) -> HttpResponse:
    """The template's page for a link that is not ours, or not any more."""
    answer_here(request)
    return page(request, template, {"state": "unknown"}, status=404)


def answer_here(request: HttpRequest) -> None:
    """A 404 outside of i18n_patterns makes LocaleMiddleware try /en/… and redirect there, where Wagtail's catch-all answers
    with another 404. These addresses have no translations: they answer for themselves."""
    request.urlconf = "wagtail_journeys.urls"


def private(response: HttpResponse) -> HttpResponse:
    """The address is the key: it is not to be cached, passed on or found."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Content-Language"] = translation.get_language() or ""
    return response


@contextmanager
def in_language(wanted: str) -> Iterator[None]:
    """The contact's language, where the site speaks it; otherwise the request's."""
    try:
        code = translation.get_supported_language_variant(wanted)
    except LookupError:
        yield
        return
    with translation.override(code):
        yield


def masked(address: str) -> str:
    """``m…@example.org``: enough for its owner, too little for somebody the mail was forwarded to."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…{at}{domain}" if at else ""
