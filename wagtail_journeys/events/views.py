"""What the admin asks of the catalogue while somebody types."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse

from wagtail_journeys.contacts import attributes
from wagtail_journeys.events import catalogue, sanitise

#: Whoever may write what names events, or read the catalogue, may know what there is to name.
MAY_ASK = [
    f"wagtail_journeys.{right}_{model}"
    for model, rights in {
        "segment": ("add", "change", "publish"),
        "campaign": ("add", "change", "publish"),
        "eventdefinition": ("view", "add", "change"),
    }.items()
    for right in rights
]

MOST = 100  # suggestions in one answer


def suggestions(request: HttpRequest) -> HttpResponse:
    """Events, properties of one, or values of one property, that hold what was typed; attributes of contacts likewise.

    Answers ``{"suggestions": [{"value", "label"}], "complete"}``; ``complete`` is whether these are all there are.
    """
    user: Any = request.user
    if not any(user.has_perm(permission) for permission in MAY_ASK):
        raise PermissionDenied
    of, event, name, typed = (
        sanitise.text(request.GET.get(key, ""), 300) for key in ("of", "event", "property", "q")
    )
    if of == "event":
        found = catalogue.find_names(typed)
    elif of == "property":
        found = catalogue.find_properties(event, typed)
    elif of == "attribute":
        found = attributes.find_names(typed)
    elif of == "attribute_value":
        # What people have said about themselves is for those who may see contacts.
        found = attributes.find_values(name, typed) if user.has_perm("wagtail_journeys.view_contact") else []
    elif of == "value":
        found = catalogue.find_values(event, name, typed)
    else:
        found = []
    answer = {
        "suggestions": [{"value": value, "label": label} for value, label in found[:MOST]],
        "complete": len(found) <= MOST,
    }
    response = JsonResponse(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
