"""Adding contacts to a campaign by the HTTP API: read, done at once, and answered contact by contact."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.db.models import Q

from wagtail_journeys import pipeline
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import sanitise
from wagtail_journeys.exceptions import EnrolRefused
from wagtail_journeys.ingest import problems
from wagtail_journeys.ingest.keys import Key
from wagtail_journeys.ingest.problems import Problem
from wagtail_journeys.journeys import enrolment
from wagtail_journeys.journeys.models import EnrolRequest, Refusal

MAX_CONTACTS = 100
MAX_ID = 60  # characters of a message id, so that the key of the entry has room for it

#: What became of one of them.
ENTERED, REFUSED, UNKNOWN, WAITING = "entered", "refused", "unknown", "waiting"


def add(body: dict[str, Any], key: Key, now: datetime.datetime) -> dict[str, Any]:
    """Let the contacts that the body names into its campaign, with every check. Raises Problem for the request as a whole."""
    if not (key.server and key.may_enrol):
        raise problems.forbidden(
            "The key may not add contacts to campaigns: switch that on for a server key."
        )
    campaign = _campaign(body.get("campaign"))
    asked = _asked(body.get("contacts"))
    found = _find(asked)
    message_id = body.get("messageId")
    given = sanitise.line(message_id, MAX_ID + 1) if isinstance(message_id, str) else ""
    if len(given) > MAX_ID:
        raise problems.invalid(f"“messageId” has at most {MAX_ID} characters.")
    request = enrolment.draft(
        campaign,
        EnrolRequest.Source.API,
        now,
        contacts=[pk for pk in found if pk is not None],
        key=f"api:{key.id}:{given}" if given else "",
    )
    try:
        request = enrolment.ask(request, skip_trigger=body.get("skipTrigger") is True)
    except EnrolRefused as why:
        raise Problem(409, "Not possible", str(why)) from why
    while request.state == EnrolRequest.State.WAITING and pipeline.enrol(now, only=request.pk):
        request.refresh_from_db()
    results = [{**name, **_result(pk, request.answers)} for name, pk in zip(asked, found, strict=True)]
    return {"campaign": campaign.pk, "results": results}


def _campaign(value: Any) -> Campaign:
    pk = sanitise.row_id(value)
    campaign = Campaign.objects.filter(pk=pk, live=True).first() if pk else None
    if campaign is None:
        raise Problem(404, "Unknown campaign", "“campaign” is the number of no live campaign.")
    return campaign


def _asked(value: Any) -> list[dict[str, str]]:
    """The contacts as they were named: {"userId": …} or {"email": …}."""
    if not isinstance(value, list) or not value:
        raise problems.invalid("“contacts” must be a list of objects with userId or email.")
    if len(value) > MAX_CONTACTS:
        raise problems.too_large(f"One call adds at most {MAX_CONTACTS} contacts.")
    found = []
    for item in value:
        given = item if isinstance(item, dict) else {}
        user_id, email = given.get("userId"), given.get("email")
        if isinstance(user_id, str | int) and not isinstance(user_id, bool) and str(user_id):
            found.append({"userId": sanitise.line(str(user_id), 200)})
        elif isinstance(email, str) and email:
            found.append({"email": sanitise.line(email, 320)})
        else:
            raise problems.invalid("Each of “contacts” must be an object with userId or email.")
    return found


def _find(asked: Collection[dict[str, str]]) -> list[int | None]:
    """Their ids, None for those whom nobody knows. One statement."""
    emails = {item["email"]: sanitise.email(item["email"]) for item in asked if "email" in item}
    ids = {item["userId"] for item in asked if "userId" in item}
    rows = Contact.objects.filter(
        Q(email__in=[email for email in emails.values() if email]) | Q(external_id__in=ids)
    ).values_list("pk", "email", "external_id")
    by_email: dict[str, int] = {}
    by_id: dict[str, int] = {}
    for pk, email, external_id in rows:
        by_email[email or ""] = pk
        by_id[external_id or ""] = pk
    return [
        by_id.get(item["userId"]) if "userId" in item else by_email.get(emails[item["email"]] or "-")
        for item in asked
    ]


def _result(pk: int | None, answers: dict[str, str]) -> dict[str, str]:
    if pk is None:
        return {"result": UNKNOWN, "reason": "unknown", "detail": "No contact is known by this."}
    reason = answers.get(str(pk))
    if reason is None:
        return {"result": WAITING, "reason": "", "detail": "It is decided in a moment."}
    if not reason:
        return {"result": ENTERED, "reason": "", "detail": ""}
    return {"result": REFUSED, "reason": reason, "detail": str(Refusal.Reason(reason).label)}
