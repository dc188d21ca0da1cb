"""Views that browsers and mail programs call. They read the clock: a door stamps the moment of receipt."""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails import links
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events import bots
from wagtail_journeys.events.deadletters import dead_letter
from wagtail_journeys.events.inbox import accept
from wagtail_journeys.tracking import beacon, confirming, pages, unsubscribe, visitor

logger = logging.getLogger(__name__)

RETRY_AFTER = "30"  # seconds
TEMPLATE = "wagtail_journeys/tracking/unsubscribe.html"
CONFIRM_TEMPLATE = "wagtail_journeys/tracking/confirm.html"


# --- The tracker --------------------------------------------------------------------------------------------------------


@csrf_exempt
@transaction.non_atomic_requests
@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    """Keep what the tracker tells: one INSERT, no session, no user, and nothing in the answer.

    What cannot be used is kept as a dead letter, and answered like the rest: a browser can do nothing about it.
    """
    if conf.TRACKING and not visitor.objects(request) and not visitor.is_preview(request):
        try:
            _collect(request)
        except DatabaseError:
            logger.exception("A beacon could not be kept.")
            return HttpResponse(status=503, headers={"Retry-After": RETRY_AFTER, "Cache-Control": "no-store"})
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


def _collect(request: HttpRequest) -> None:
    now = timezone.now()
    try:
        body = _body(request)
        if body:
            accept(bots.marked(beacon.read(request, body, now), bots.kind(request)), now)
    except beacon.Refused as why:
        dead_letter(why.payload, str(why), now)


def _body(request: HttpRequest) -> bytes:
    """The body; empty where the browser went away before it had sent it."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isascii() and length.isdecimal() and int(length[:9]) <= beacon.MAX_BYTES:
        try:
            body = request.body
        except UnreadablePostError:
            return b""
        except RequestDataTooBig:
            body = None
        if body is not None and len(body) <= beacon.MAX_BYTES:
            return body
    raise beacon.Refused(f"The body is larger than {beacon.MAX_BYTES} bytes.", {"bytes": length[:20]})


# --- Unsubscribe --------------------------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Where the unsubscribe link of an email leads. Looking changes nothing (scanners look); sending the form does.

    No CSRF token and no cookie: the signed link is the authority, and a mail program's one-click POST (RFC 8058)
    carries neither. The answer to that one is plain and no redirect.
    """
    message = unsubscribe.message_of(token)
    if message is None:
        return _unknown(request)
    with pages.in_language(message.contact.locale):
        if request.method != "POST":
            return _page(request, message)
        if message.topic is None:
            return _plain() if _one_click(request) else _page(request, message)
        return _act(request, message, message.topic)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST confirms that the address is the reader's. The signed link is the authority, as above."""
    now = timezone.now()
    message = confirming.message_of(token, now)
    if message is None:
        return pages.unknown(request, CONFIRM_TEMPLATE)
    with pages.in_language(message.contact.locale):
        state = "done" if message.confirmed_at else "ask"
        if request.method == "POST":
            confirming.confirm(message, request, now)
            state = "done"
        context = {"state": state, "address": pages.masked(message.address)}
        return pages.page(request, CONFIRM_TEMPLATE, context)


def _act(request: HttpRequest, message: Message, topic: Topic) -> HttpResponse:
    now = timezone.now()
    if request.POST.get("action") == "keep":
        wording = _t("That was a mistake: keep sending me “%(topic)s”") % {"topic": topic}
        kept = unsubscribe.restore(message, topic, wording, now)
        return _page(request, message, "kept" if kept else "")
    if _one_click(request):
        unsubscribe.refuse(message, topic, "List-Unsubscribe=One-Click", now)
        return _plain()
    unsubscribe.refuse(message, topic, _t("Unsubscribe from “%(topic)s”") % {"topic": topic}, now)
    return _page(request, message)


def _one_click(request: HttpRequest) -> bool:
    """A mail program's POST, told from our own form by what the form always sends."""
    return "List-Unsubscribe" in request.POST or "action" not in request.POST


def _plain(status: int = 200) -> HttpResponse:
    text = _t("You are unsubscribed.") if status == 200 else _t("This link is not known.")
    return pages.private(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))


def _page(request: HttpRequest, message: Message, state: str = "") -> HttpResponse:
    """The page as things stand: ``ask``, ``done`` (with or without a way back), ``nothing``; or ``kept``."""
    context: dict[str, object] = {
        "topic": message.topic,
        "address": pages.masked(message.contact.email or ""),
    }
    if message.topic is None:
        state = "nothing"
    elif not state:
        standing = unsubscribe.standing(message, message.topic)
        state = "done" if standing.refused else "ask"
        context["can_restore"] = standing.can_restore
    context["state"] = state
    context["preferences_url"] = links.Urls("preferences")(message.uuid, "")
    return pages.page(request, TEMPLATE, context)


def _unknown(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and _one_click(request):
        pages.answer_here(request)
        return _plain(404)
    return pages.unknown(request, TEMPLATE)
