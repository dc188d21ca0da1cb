"""Stories about contacts, told as moves on a clock of their own: nothing sleeps, the real engine does the rest."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.core import mail
from wagtail.models import Locale

from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.journeys import publishing
from wagtail_journeys.models import Campaign, EmailTemplate, Journey, Segment, Visit
from wagtail_journeys.streams import with_ids

START = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)  # a Monday, before the clocks change


class Person:
    """A visitor: an anonymous browser that may turn out to be somebody."""

    def __init__(self, story: Story, email: str = "", anonymous: bool = True) -> None:
        self.story = story
        self.email = email
        self.browser = str(uuid.uuid4()) if anonymous else ""

    def did(self, name: str, **event: Any) -> str:
        """Something happened; returns the message id, so that it can happen again."""
        known, run = event.pop("known", not self.browser), event.pop("run", True)
        claims = {"email": self.email} if known else {}
        message_id = event.pop("message_id", None) or str(uuid.uuid4())
        occurred_at = event.pop("occurred_at", self.story.now)
        accept(
            Incoming(
                source=event.pop("source", "test"),
                name=name,
                message_id=message_id,
                occurred_at=occurred_at,
                anonymous_id=self.browser,
                claims=claims,
                **event,
            ),
            self.story.now,
        )
        if run:
            self.story.run()
        return message_id

    def submits_form(self, **event: Any) -> str:
        return self.did("form_submit", known=True, **event)

    def says(self, **traits: Any) -> str:
        return self.did("identify", known=True, traits=traits)

    @property
    def contact(self) -> Contact:
        return Contact.objects.get(email=self.email)

    def journeys(self, campaign: Campaign | None = None) -> list[Journey]:
        found = Journey.objects.filter(contact__email=self.email).order_by("pk")
        return list(found.filter(campaign=campaign) if campaign else found)

    def path(self, campaign: Campaign) -> list[str]:
        """The steps of the only journey, each with how it was left: "send_email:passed", "wait:" while there."""
        (journey,) = self.journeys(campaign)
        visits = Visit.objects.filter(journey=journey).select_related("version").order_by("arrived_at", "pk")
        return [
            f"{visit.version.graph['nodes'][visit.step_id]['type']}:{visit.arm or visit.outcome}"
            for visit in visits
        ]

    def mails(self) -> list[str]:
        """Subjects of the emails that reached the address, in order."""
        return [message.subject for message in mail.outbox if message.to == [self.email]]


class Story:
    def __init__(self) -> None:
        self.now = START

    def run(self) -> None:
        """Let the cluster do everything that is due now."""
        pipeline.tick(self.now)

    def after(self, **duration: float) -> Story:
        self.now += datetime.timedelta(**duration)
        self.run()
        return self

    def visitor(self, email: str) -> Person:
        return Person(self, email)

    def contact(self, email: str, **fields: Any) -> Person:
        Contact.objects.create(email=email, created_at=self.now, **fields)
        return Person(self, email, anonymous=False)

    def segment(self, name: str, *rules: dict[str, Any], match: str = "all") -> Segment:
        segment = Segment(name=name, match=match, rules=with_ids(list(rules)))
        segment.save()
        Segment.objects.filter(pk=segment.pk).update(rebuild_requested_at=self.now)
        pipeline.rebuild(self.now)
        return segment

    def template(self, subject: str, body: str = "<p>Hello</p>", **translations: str) -> EmailTemplate:
        """A published template; ``nl="Hallo"`` adds a published Dutch translation with that subject."""
        template = EmailTemplate(
            name=subject,
            subject=subject,
            body=with_ids([{"type": "text", "value": body}]),
            locale=locale("en"),
        )
        template.save()
        template.save_revision().publish()
        for language, text in translations.items():
            translation = template.copy_for_translation(locale(language))
            translation.subject = text
            translation.save()
            translation.save_revision().publish()
        return template

    def campaign(self, name: str, trigger: dict[str, Any], *steps: dict[str, Any], **fields: Any) -> Campaign:
        """A campaign that goes live now."""
        fields.setdefault("filters", [])
        for stream in ("filters", "goal", "exits"):
            fields[stream] = with_ids(list(fields.get(stream) or []))
        campaign = Campaign(name=name, trigger=with_ids([trigger]), steps=with_ids(list(steps)), **fields)
        campaign.save()
        publishing.published(campaign, self.now)
        return campaign


def locale(language: str) -> Locale:
    return Locale.objects.get_or_create(language_code=language)[0]


# --- the words of a campaign ---------------------------------------------------------------------------------------------


def on_event(name: str, **place: Any) -> dict[str, Any]:
    return {
        "type": "event",
        "value": {"event": name, "page": None, "section": None, "document": None, "properties": [], **place},
    }


def on_entering(segment: Segment) -> dict[str, Any]:
    return {"type": "segment_entered", "value": {"segment": segment.pk}}


def wait(amount: int, unit: str = "days", at: str | None = None) -> dict[str, Any]:
    return {"type": "wait", "value": {"amount": amount, "unit": unit, "at": at}}


def send(
    template: EmailTemplate, *conditions: dict[str, Any], otherwise: str = "skip", **defaults: str
) -> dict[str, Any]:
    return {
        "type": "send_email",
        "value": {
            "template": template.pk,
            "match": "all",
            "conditions": list(conditions),
            "otherwise": otherwise,
            "defaults": [
                {"type": "item", "value": {"tag": tag, "default": text}} for tag, text in defaults.items()
            ],
        },
    }


def branch(*conditions: dict[str, Any], yes: list | None = None, no: list | None = None) -> dict[str, Any]:
    return {
        "type": "branch",
        "value": {"match": "all", "conditions": list(conditions), "yes": yes or [], "no": no or []},
    }


def update(field: str, operation: str, value: str = "", attribute: str = "") -> dict[str, Any]:
    return {
        "type": "update_contact",
        "value": {"field": field, "attribute": attribute, "operation": operation, "value": value},
    }


def leave(reason: str = "") -> dict[str, Any]:
    return {"type": "exit", "value": {"reason": reason}}


def attribute(field: str, operator: str, value: str = "", name: str = "") -> dict[str, Any]:
    return {
        "type": "attribute",
        "value": {"field": field, "attribute": name, "operator": operator, "value": value},
    }


def speaks(language: str) -> dict[str, Any]:
    return attribute("locale", "is", language)


def did(name: str, did: str = "did", count: int = 1, days: int | None = None, **place: Any) -> dict[str, Any]:
    return {
        "type": "event",
        "value": {
            "did": did,
            "event": name,
            "page": None,
            "section": None,
            "document": None,
            "properties": [],
            "count": count,
            **({"period": "last", "amount": days, "unit": "days"} if days else {"period": "ever"}),
            **place,
        },
    }


def belongs(segment: Segment, mode: str = "in") -> dict[str, Any]:
    return {"type": "in_segment", "value": {"mode": mode, "segment": segment.pk}}


def on_leaving(segment: Segment) -> dict[str, Any]:
    return {"type": "segment_left", "value": {"segment": segment.pk}}


def when_added() -> dict[str, Any]:
    return {"type": "manual", "value": {"note": ""}}


def on_date(moment: datetime.datetime | None = None, attribute: str = "", **other: Any) -> dict[str, Any]:
    """``on_date(moment)``, ``on_date(attribute="birthday", yearly=True)`` or ``on_date(kind="created_at", amount=7, side="after")``."""
    kind = "fixed" if moment else "attribute" if attribute else "created_at"
    value = {
        "kind": kind,
        "moment": moment.isoformat() if moment else None,
        "attribute": attribute,
        "amount": 0,
        "unit": "days",
        "side": "before",
        "at": "09:00:00",
        "yearly": False,
    }
    return {"type": "date", "value": {**value, **other}}


def points(change: int) -> dict[str, Any]:
    return {"type": "points", "value": {"change": change}}


def record(name: str, **properties: str) -> dict[str, Any]:
    items = [
        {"type": "item", "value": {"property": key, "value": value}} for key, value in properties.items()
    ]
    return {"type": "record_event", "value": {"event": name, "properties": items}}


def put_on(segment: Segment, change: str = "add") -> dict[str, Any]:
    return {"type": "change_list", "value": {"change": change, "segment": segment.pk}}


def start(campaign: Campaign) -> dict[str, Any]:
    return {"type": "start_campaign", "value": {"campaign": campaign.pk}}


def end(campaign: Campaign) -> dict[str, Any]:
    return {"type": "end_campaign", "value": {"campaign": campaign.pk}}


def until(
    *conditions: dict[str, Any],
    amount: int = 3,
    unit: str = "days",
    happened: list | None = None,
    timed_out: list | None = None,
) -> dict[str, Any]:
    return {
        "type": "wait_condition",
        "value": {
            "match": "all",
            "conditions": list(conditions),
            "amount": amount,
            "unit": unit,
            "happened": happened or [],
            "timed_out": timed_out or [],
        },
    }


def choose(*arms: tuple[str, dict[str, Any], list], otherwise: list | None = None) -> dict[str, Any]:
    """``arms``: (name, condition, steps)."""
    return {
        "type": "choose",
        "value": {
            "arms": [
                {
                    "type": "item",
                    "value": {"label": name, "match": "all", "conditions": [condition], "steps": steps},
                }
                for name, condition, steps in arms
            ],
            "otherwise": otherwise or [],
        },
    }


def split(*arms: tuple[str, int, list], control: str = "") -> dict[str, Any]:
    """``arms``: (name, percentage, steps); ``control`` names the arm that is the control group."""
    return {
        "type": "split",
        "value": {
            "salt": "",
            "arms": [
                {
                    "type": "item",
                    "value": {"label": name, "weight": weight, "holdout": name == control, "steps": steps},
                }
                for name, weight, steps in arms
            ],
        },
    }
