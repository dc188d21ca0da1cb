"""The preference centre's page. Looking changes nothing; the signed link is the authority, so there is no log-in and no cookie."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_journeys.tracking import pages, preferences
from wagtail_journeys.tracking.preferences import Holder

TEMPLATE = "wagtail_journeys/preferences/preferences.html"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    holder = preferences.holder_of(token)
    if holder is None:
        return pages.unknown(request, TEMPLATE)
    done = ""
    if request.method == "POST":
        with pages.in_language(holder.contact.locale):
            done = _act(request, holder)
    with pages.in_language(holder.contact.locale):  # which may be another one now
        return pages.page(request, TEMPLATE, _context(holder, done))


def _act(request: HttpRequest, holder: Holder) -> str:
    """Do what the button says; returns what was done, for the page."""
    now = timezone.now()
    action = request.POST.get("action", "")
    if action == "save":
        shown = set(request.POST.getlist("shown"))
        preferences.choose(holder, set(request.POST.getlist("topic")), shown, now)
        language = request.POST.get("language", "")
        if language != request.POST.get("language_shown"):
            preferences.speak(holder, language, now)
    elif action == "pause":
        preferences.pause(holder, now + preferences.PAUSE, now)
    elif action == "resume":
        preferences.pause(holder, None, now)
    elif action == "stop":
        preferences.unsubscribe(holder, now)
    else:
        return ""
    return action


def _context(holder: Holder, done: str) -> dict[str, Any]:
    contact = holder.contact
    languages = preferences.languages()
    choices = preferences.choices(holder)
    return {
        "state": "open",
        "done": done,
        "address": pages.masked(contact.email or ""),
        "choices": [choice for choice in choices if not choice.topic.purpose],
        "purposes": [choice for choice in choices if choice.topic.purpose],
        "languages": languages if len(languages) > 1 else [],
        "language": translation.get_language(),
        "paused_until": contact.paused_until if preferences.is_paused(contact, timezone.now()) else None,
        "pause_days": preferences.PAUSE.days,
        "can_stop": contact.unsubscribed_at is None
        or any(choice.chosen for choice in choices if not choice.topic.purpose),
    }
