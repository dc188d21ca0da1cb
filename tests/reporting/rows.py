"""Rows built by hand, so that what is counted and told is known beforehand."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.events.models import Event
from wagtail_journeys.journeys.models import Journey, Visit

START = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)

_numbers = itertools.count(1)


def at(minutes: float) -> datetime.datetime:
    return START + datetime.timedelta(minutes=minutes)


def node(kind: str, params: dict[str, Any], following: str | None, **arms: str | None) -> dict[str, Any]:
    return {"type": kind, "params": params, "next": following, "arms": arms}


#: wait → if language is nl: points + 5 → send → exit "done". The arms of "if" meet again at "send".
NODES = {
    "wait": node("wait", {"amount": 2, "unit": "hours", "at": None}, "if"),
    "if": node(
        "branch",
        {
            "match": "all",
            "conditions": [
                {
                    "type": "attribute",
                    "value": {"field": "locale", "attribute": "", "operator": "is", "value": "nl"},
                    "id": "c1",
                }
            ],
        },
        "send",
        yes="points",
        no="send",
    ),
    "points": node(
        "update_contact", {"field": "points", "attribute": "", "operation": "increment", "value": "5"}, "send"
    ),
    "send": node(
        "send_email",
        {"template": 0, "match": "all", "conditions": [], "otherwise": "skip", "defaults": []},
        "exit",
    ),
    "exit": node("exit", {"reason": "done"}, None),
}
GRAPH = {
    "start": "wait",
    "nodes": NODES,
    "order": ["wait", "if", "points", "send", "exit"],
    "trigger": {
        "type": "event",
        "params": {
            "event": "document_download",
            "page": None,
            "section": None,
            "document": None,
            "properties": [],
        },
    },
    "filters": {"match": "all", "rules": []},
}


def contact(email: str = "", **fields: Any) -> Contact:
    return Contact.objects.create(email=email or f"person{next(_numbers)}@example.com", **fields)


def campaign(name: str = "Welcome", graph: dict[str, Any] = GRAPH, **fields: Any) -> Campaign:
    made = Campaign.objects.create(name=name, **fields)
    version(made, graph)
    return made


def version(of: Campaign, graph: dict[str, Any] = GRAPH) -> CampaignVersion:
    return CampaignVersion.objects.create(
        campaign=of, number=of.versions.count() + 1, graph=graph, created_at=START
    )


def journey(
    through: Campaign,
    who: Contact,
    *,
    state: str = "active",
    reason: str = "",
    entered: float = 0,
    ended: float | None = None,
    on: CampaignVersion | None = None,
    **fields: Any,
) -> Journey:
    if ended is None and state != "active":
        ended = entered + 60
    return Journey.objects.create(
        campaign=through,
        version=on or through.current_version,
        contact=who,
        entry_key=f"event:{next(_numbers)}",
        state=state,
        entered_at=at(entered),
        ended_at=None if ended is None else at(ended),
        end_reason=reason,
        **fields,
    )


def visit(
    of: Journey,
    step_id: str,
    outcome: str = "passed",
    *,
    arm: str = "",
    arrived: float = 0,
    left: float | None = None,
    reason: str = "",
    on: CampaignVersion | None = None,
) -> Visit:
    if left is None and outcome:
        left = arrived
    return Visit.objects.create(
        journey=of,
        version=on or of.version,
        step_id=step_id,
        arrived_at=at(arrived),
        left_at=None if left is None else at(left),
        outcome=outcome,
        arm=arm,
        reason=reason,
    )


def message(of: Visit | None, who: Contact, state: str = "sent", **fields: Any) -> Message:
    moment = fields.pop("created", 0)
    return Message.objects.create(
        visit=of,
        campaign=of.journey.campaign if of else None,
        step_id=of.step_id if of else "",
        contact=who,
        address=who.email or "",
        address_hash="",
        state=state,
        created_at=at(moment),
        settled_at=at(moment) if state in Message.FINAL else None,
        **{"subject": "Your guide", **fields},
    )


def event(who: Contact, name: str = "page_view", minute: float = 0, **fields: Any) -> Event:
    return Event.objects.create(
        source="test",
        message_id=str(next(_numbers)),
        name=name,
        contact=who,
        occurred_at=at(minute),
        received_at=at(minute),
        **fields,
    )


def template(name: str = "Guide mail", **fields: Any) -> EmailTemplate:
    from wagtail.models import Locale

    locale, _created = Locale.objects.get_or_create(language_code="en")
    return EmailTemplate.objects.create(name=name, subject="Your guide", locale=locale, **fields)
