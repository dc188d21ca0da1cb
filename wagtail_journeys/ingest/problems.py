"""What a whole request can be refused for, as an answer that says so (RFC 9457)."""

from __future__ import annotations

import json

from django.http import HttpResponse

RETRY_AFTER = 30  # seconds


class Problem(Exception):
    """The request as a whole cannot be taken."""

    def __init__(self, status: int, title: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.retry_after = status, title, detail, retry_after

    def response(self) -> HttpResponse:
        body = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        response = HttpResponse(json.dumps(body), status=self.status, content_type="application/problem+json")
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="write key"'
        return response


def invalid(detail: str) -> Problem:
    return Problem(400, "Invalid request", detail)


def unknown_key(detail: str = "The write key is unknown or revoked.") -> Problem:
    return Problem(401, "Unknown key", detail)


def forbidden(detail: str) -> Problem:
    return Problem(403, "Not allowed", detail)


def too_large(detail: str) -> Problem:
    return Problem(413, "Too large", detail)


def busy() -> Problem:
    detail = (
        "More events are waiting than are wanted. Send them again later; nothing of this request was kept."
    )
    return Problem(429, "Too many events", detail, retry_after=RETRY_AFTER)


def too_many(wait: int) -> Problem:
    detail = "More events were sent than this key or address may send in a minute; nothing of this request was kept."
    return Problem(429, "Too many events", detail, retry_after=max(1, wait))


def unavailable() -> Problem:
    detail = "The events could not be kept. Send them again later."
    return Problem(503, "Unavailable", detail, retry_after=RETRY_AFTER)
