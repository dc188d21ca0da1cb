"""What Lindehaag's marketing has built: topics, segments, emails in two languages, and campaigns."""

from __future__ import annotations

import datetime
from typing import Any

from wagtail.documents.models import Document

from example_site.demo.emails import Block, all_emails, block, page
from wagtail_journeys.models import Campaign, CampaignVersion, EmailTemplate, Segment, Topic, TopicText
from wagtail_journeys.streams import with_ids


def event(name: str, **place: Any) -> Block:
    chosen = {"page": None, "section": None, "document": None, "properties": []}
    return block("event", event=name, **{**chosen, **place})


def did(name: str, count: int = 1, days: int | None = None, did: str = "did", **place: Any) -> Block:
    chosen = {"page": None, "section": None, "document": None}
    period: dict[str, Any] = (
        {"period": "last", "amount": days, "unit": "days"} if days else {"period": "ever"}
    )
    return block("event", did=did, event=name, count=count, **period, **{**chosen, **place})


def is_(field: str, value: str, operator: str = "is", attribute: str = "") -> Block:
    return block("attribute", field=field, attribute=attribute, operator=operator, value=value)


def wait(amount: int, unit: str, at: str | None = None) -> Block:
    return block("wait", amount=amount, unit=unit, at=at)


def send(template: EmailTemplate, conditions: list[Block] | None = None, **defaults: str) -> Block:
    items = [
        {"type": "item", "value": {"tag": tag.replace("__", "."), "default": text}}
        for tag, text in defaults.items()
    ]
    return block(
        "send_email",
        template=template.pk,
        match="all",
        conditions=conditions or [],
        otherwise="skip",
        defaults=items,
    )


def branch(conditions: list[Block], yes: list[Block], no: list[Block], match: str = "all") -> Block:
    return block("branch", match=match, conditions=conditions, yes=yes, no=no)


def working_hours() -> Block:
    return block("wait_window", weekdays=["0", "1", "2", "3", "4"], from_time="09:00:00", to_time="17:00:00")


def with_control(percentage: int, steps: list[Block]) -> Block:
    """Steps for everybody but a control group of so many per cent, to see what they change."""
    arms = [
        {"label": "Gets the letter", "weight": 100 - percentage, "holdout": False, "steps": steps},
        {"label": "Control group", "weight": percentage, "holdout": True, "steps": []},
    ]
    return block("split", salt="", arms=[{"type": "item", "value": arm} for arm in arms])


def update(operation: str, value: str, field: str = "attribute", attribute: str = "") -> Block:
    return block("update_contact", field=field, attribute=attribute, operation=operation, value=value)


def segment(
    name: str, description: str, rules: list[Block], since: datetime.datetime, match: str = "all"
) -> Segment:
    made = Segment(name=name, description=description, match=match, rules=with_ids(rules))
    made.save()
    made.save_revision().publish()
    return made


def campaign(name: str, since: datetime.datetime, *, live: bool = True, **fields: Any) -> Campaign:
    """A campaign that has been live ``since``, or a draft."""
    for stream in ("trigger", "filters", "steps", "goal"):
        fields[stream] = with_ids(fields.get(stream) or [])
    made = Campaign(name=name, live=live, **fields)
    made.save()
    revision = made.save_revision()
    if live:
        revision.publish()
        moments = {"live_since": since, "first_published_at": since, "last_published_at": since}
        Campaign.objects.filter(pk=made.pk).update(**moments)
        CampaignVersion.objects.filter(campaign=made).update(created_at=since)
    return made


def build(since: datetime.datetime) -> list[Campaign]:
    """Everything, live since the given moment. The site's pages and documents must be there."""
    news = Topic.objects.create(
        name="Newsletter", slug="newsletter", mode=Topic.Mode.OPT_OUT,
        description="Once a month: a tip, a house we visited, and news about rules and grants.",
        wording="Yes, send me the newsletter once a month. I can stop at any time, at the foot of every letter.",
    )  # fmt: skip
    TopicText.objects.create(
        topic=news, language="nl", name="Nieuwsbrief",
        description="Eens per maand: een tip, een huis dat we bezochten, en nieuws over regels en subsidies.",
        wording="Ja, stuur me eens per maand de nieuwsbrief. Ik kan op elk moment stoppen, onderaan elke brief.",
    )  # fmt: skip
    advice = Topic.objects.create(
        name="Guides and advice", slug="advice", mode=Topic.Mode.OPT_OUT,
        description="What goes with the guides and webinars you asked for.", sort_order=1,
        wording="Yes, help me on by email after I have asked for a guide or a webinar. I can stop at any time.",
    )  # fmt: skip
    TopicText.objects.create(
        topic=advice, language="nl", name="Gidsen en advies",
        description="Wat hoort bij de gidsen en webinars waar je om vroeg.",
        wording="Ja, help me per e-mail op weg nadat ik om een gids of webinar vroeg. Ik kan op elk moment stoppen.",
    )  # fmt: skip
    guides, pricing, webinar = page("guides").pk, page("pricing").pk, page("webinar").pk

    dutch = segment("Speaks Dutch", "Everybody whose language is Dutch.", [is_("locale", "nl")], since)
    readers = segment(
        "Guide readers", "Downloaded two guides or more in the last 30 days.",
        [did("document_download", count=2, days=30)], since,
    )  # fmt: skip
    segment(
        "Compares prices", "Looked at the prices and at the guides, and has not signed up for the webinar.",
        [
            did("page_view", days=30, page=pricing),
            did("page_view", section=guides),
            did("form_submit", did="did_not", page=webinar),
        ],
        since,
    )  # fmt: skip
    segment(
        "Dutch guide readers", "Guide readers who speak Dutch.",
        [block("in_segment", mode="in", segment=readers.pk), block("in_segment", mode="in", segment=dutch.pk)], since,
    )  # fmt: skip
    segment(
        "Warm leads", "Ten points or more.", [is_("points", "10", "at_least")], since,
    )  # fmt: skip

    emails = all_emails()
    reader = {"contact__first_name": ""}
    solar = Document.objects.filter(title__icontains="solar").first()
    return [
        campaign(
            "Guide follow-up", since,
            description="Everybody who downloads a guide gets a hand with the next step, in their own language.",
            trigger=[event("document_download")],
            topic=advice, frequency="interval", interval=2, interval_unit="weeks",
            goal=[event("page_view", page=pricing)],
            steps=[
                wait(10, "minutes"),
                send(emails["Guide: thank you"], event__document_title="Lindehaag", **reader),
                update("increment", "5", field="points"),
                wait(2, "days"),
                working_hours(),
                branch(
                    [did("document_download", count=2, days=30)],
                    yes=[
                        send(emails["Guide: an adviser looks along"], **reader),
                        update("set", "yes", attribute="adviser_offered"),
                    ],
                    no=[wait(3, "days"), send(emails["Guide: what others read next"], **reader)],
                ),
            ],
        ),
        campaign(
            "Webinar", since,
            description="Seat, and the recording afterwards.",
            trigger=[event("form_submit", page=webinar)],
            topic=advice, frequency="once", goal=[event("page_view", page=pricing)], goal_window=14,
            steps=[
                send(emails["Webinar: your seat"], **reader),
                update("increment", "10", field="points"),
                wait(6, "days", "10:00:00"),
                send(emails["Webinar: the recording"], **reader),
            ],
        ),
        campaign(
            "Welcome to the newsletter", since,
            description="Three letters in the first ten days for everybody who subscribes.",
            trigger=[event("form_submit", properties=[
                {"type": "item", "value": {"property": "newsletter", "operator": "is", "value": "true"}}
            ])],
            topic=news, frequency="once", goal=[event("document_download")],
            steps=[
                send(emails["Newsletter: welcome"], **reader),
                wait(3, "days", "08:30:00"),
                send(emails["Newsletter: draughts first"], **reader),
                wait(1, "weeks"),
                with_control(20, [
                    send(
                        emails["Newsletter: the 50 degree test"],
                        [is_("attribute", "", "missing", "adviser_offered")], **reader,
                    ),
                ]),
            ],
        ),
        campaign(
            "Warm leads get a call", since, live=False,
            description="Draft: an adviser calls contacts with ten points or more.",
            trigger=[event("document_download", document=solar.pk if solar else None)],
            topic=advice, goal=[event("form_submit")],
            steps=[wait(1, "days"), update("set", "yes", attribute="call_me")],
        ),
    ]  # fmt: skip
