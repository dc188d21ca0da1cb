"""What Lindehaag's marketing has built: topics, segments, emails in two languages, and campaigns."""

from __future__ import annotations

import datetime
from typing import Any

from wagtail.documents.models import Document
from wagtail.models import Locale, Page

from wagtail_journeys.models import Campaign, CampaignVersion, EmailTemplate, Segment, Topic, TopicText
from wagtail_journeys.streams import with_ids

Block = dict[str, Any]


def page(slug: str) -> Page:
    return Page.objects.filter(slug=slug).order_by("pk").first()


def block(kind: str, **value: Any) -> Block:
    return {"type": kind, "value": value}


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


GREETING = "{{ contact.first_name | default: '%s' }}"

EMAILS: dict[str, dict[str, Any]] = {
    "Guide: thank you": {
        "en": ("Your guide: {{ event.document_title }}", "Where to start, in one page", "Good reading",
               "<p>Hello {reader},</p><p>You have just downloaded <b>{{ event.document_title }}</b>. If you read one page only, "
               "make it the checklist at the end: it tells you which step pays off first in your house.</p>",
               "See the other guides", "guides"),
        "nl": ("Je gids: {{ event.document_title }}", "Waar je begint, op één bladzijde", "Veel leesplezier",
               "<p>Hallo {reader},</p><p>Je hebt net <b>{{ event.document_title }}</b> gedownload. Lees je maar één bladzijde, neem "
               "dan de checklist achterin: die vertelt welke stap in jouw huis het eerst loont.</p>",
               "Bekijk de andere gidsen", "gidsen"),
    },
    "Guide: an adviser looks along": {
        "en": ("Shall we look along, {{ contact.first_name | default: 'for an hour' }}?", "An hour with an adviser, at your table",
               "Two guides read — what now?",
               "<p>You have read more than most of our customers before their first visit. In one hour an adviser puts "
               "your house, your bills and your plans side by side.</p>", "See what it costs", "pricing"),
        "nl": ("Zullen we meekijken, {{ contact.first_name | default: 'een uurtje' }}?", "Een uur met een adviseur, aan jouw tafel",
               "Twee gidsen gelezen — en nu?",
               "<p>Je hebt al meer gelezen dan de meeste klanten voor hun eerste bezoek. In een uur legt een adviseur je huis, je "
               "rekeningen en je plannen naast elkaar.</p>", "Bekijk de tarieven", "tarieven"),
    },
    "Guide: what others read next": {
        "en": ("What other houses did next", "Three stories from streets like yours", "One step, then the next",
               "<p>Nobody does everything at once. Read how a terraced house went from draughty to warm in three years, one job "
               "at a time.</p>", "Read the story", "a-terraced-house-three-years-later"),
        "nl": ("Wat andere huizen daarna deden", "Drie verhalen uit straten als die van jou", "Eerst dit, dan dat",
               "<p>Niemand doet alles tegelijk. Lees hoe een rijtjeshuis in drie jaar van tochtig naar warm ging, klus voor klus.</p>",
               "Lees het verhaal", "een-rijtjeshuis-drie-jaar-later"),
    },
    "Webinar: your seat": {
        "en": ("Your seat at the webinar", "The link, and one thing to have at hand", "See you there, {reader}",
               "<p>Have your last yearly bill at hand: in the first ten minutes we read it together.</p>", "About the webinar", "webinar"),
        "nl": ("Je plek bij het webinar", "De link, en één ding om klaar te leggen", "Tot dan, {reader}",
               "<p>Leg je laatste jaarrekening klaar: in de eerste tien minuten lezen we die samen.</p>", "Over het webinar", "webinar"),
    },
    "Webinar: the recording": {
        "en": ("The recording, and the questions we did not get to", "Twelve answers in writing", "Thank you for being there",
               "<p>The recording is online, and we have written down the answers to the twelve questions there was no time for.</p>",
               "Read the articles", "articles"),
        "nl": ("De opname, en de vragen die bleven liggen", "Twaalf antwoorden op papier", "Dank je dat je er was",
               "<p>De opname staat online, en we hebben de antwoorden opgeschreven op de twaalf vragen waar geen tijd voor was.</p>",
               "Lees de artikelen", "artikelen"),
    },
    "Newsletter: welcome": {
        "en": ("Welcome to Lindehaag", "One letter a month, four minutes", "Welcome, {reader}",
               "<p>Every first Thursday: one tip you can use the same day, one house we visited, and news about rules and grants.</p>",
               "Start with a guide", "guides"),
        "nl": ("Welkom bij Lindehaag", "Eén brief per maand, vier minuten", "Welkom, {reader}",
               "<p>Elke eerste donderdag: een tip die je dezelfde dag nog gebruikt, een huis dat we bezochten, en nieuws over regels "
               "en subsidies.</p>", "Begin met een gids", "gidsen"),
    },
    "Newsletter: draughts first": {
        "en": ("The cheapest degree in your house", "A roll of tape and a candle", "Begin with the draughts",
               "<p>Before you insulate anything: go round with a candle on a windy evening. What flickers costs you money, and a "
               "roll of tape is enough.</p>", "Read how", "draughts-are-not-ventilation"),
        "nl": ("De goedkoopste graad in je huis", "Een rol tape en een kaars", "Begin bij de tocht",
               "<p>Voor je iets isoleert: loop op een winderige avond rond met een kaars. Wat flakkert kost geld, en een rol tape is "
               "genoeg.</p>", "Lees hoe", "tocht-is-geen-ventilatie"),
    },
    "Newsletter: the 50 degree test": {
        "en": ("Is your house ready for a heat pump?", "Turn one dial and wait a week", "The 50 degree test",
               "<p>Set your boiler to 50 degrees for a week. If the house stays warm, a heat pump can heat it. It is that simple.</p>",
               "Do the test", "the-50-degree-test"),
        "nl": ("Is jouw huis klaar voor een warmtepomp?", "Draai aan één knop en wacht een week", "De 50-gradentest",
               "<p>Zet je ketel een week op 50 graden. Blijft het warm, dan kan een warmtepomp het ook. Zo eenvoudig is het.</p>",
               "Doe de test", "de-50-gradentest"),
    },
}  # fmt: skip

READER = {"en": GREETING % "there", "nl": GREETING % "lezer"}


def email(name: str) -> EmailTemplate:
    """The published template in English with its Dutch translation."""
    original: EmailTemplate | None = None
    for language, (subject, preheader, heading, text, button, slug) in EMAILS[name].items():
        locale = Locale.objects.get(language_code=language)
        if original is None:
            template = EmailTemplate(name=name, locale=locale)
        else:
            template = original.copy_for_translation(locale)
        template.subject, template.preheader = subject, preheader
        link = {"page": page(slug).pk, "document": None, "url": ""}
        template.body = with_ids(
            [
                block("heading", words=heading.replace("{reader}", READER[language]), level="1"),
                {"type": "text", "value": text.replace("{reader}", READER[language])},
                block("button", words=button, link=link),
            ],
            fresh=True,
        )
        template.save()
        template.save_revision().publish()
        original = original or template
    return original


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

    emails = {name: email(name) for name in EMAILS}
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
