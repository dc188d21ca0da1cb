"""Lindehaag's emails in two languages, the look that they share, and the closing at the end of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from wagtail.images import get_image_model
from wagtail.models import Locale, Page, Site

from example_site import website
from wagtail_journeys.models import EmailBrand, EmailFragment, EmailTemplate
from wagtail_journeys.streams import with_ids

Block = dict[str, Any]

IMAGES = Path(website.__file__).parent / "assets" / "images"


def page(slug: str) -> Page:
    return Page.objects.filter(slug=slug).order_by("pk").first()


def block(kind: str, **value: Any) -> Block:
    return {"type": kind, "value": value}


def heading(words: str, level: str = "1") -> Block:
    return block("heading", words=words, level=level)


def text(html: str) -> Block:
    return {"type": "text", "value": html}


def link(slug: str = "") -> dict[str, Any]:
    return {"page": page(slug).pk if slug else None, "document": None, "url": ""}


def button(words: str, slug: str) -> Block:
    return block("button", words=words, link=link(slug))


def image(title: str, alt: str, slug: str = "") -> Block:
    found = get_image_model().objects.get(title=title)
    return block("image", image=found.pk, alt=alt, link=link(slug))


def quote(words: str, who: str) -> Block:
    return block("quote", words=words, who=who)


def pages(heading: str, rule: str = "newest", section: str = "", **fields: Any) -> Block:
    value = {
        "heading": heading, "rule": rule, "pages": [], "section": page(section).pk if section else None, "tag": None,
        "days": 60, "unseen": False, "number": 3, "layout": "small", "words": "",
    }  # fmt: skip
    return block("pages", **{**value, **fields})


def columns(*inside: list[Block]) -> Block:
    return block("columns", columns=[{"type": "item", "value": blocks} for blocks in inside])


def only_if(rule: Block, content: list[Block], otherwise: list[Block] | None = None) -> Block:
    return block("conditional", match="all", conditions=[rule], content=content, otherwise=otherwise or [])


def products(heading: str) -> Block:
    return block(
        "items", heading=heading, event="order_completed", path="products", title="name", price="price",
        quantity="quantity", image="image_url", url="url", currency="currency", number=20,
    )  # fmt: skip


DIVIDER: Block = {"type": "divider", "value": None}
SOCIAL: Block = block("social", align="center", profiles=[])

GREETING = "{{ contact.first_name | default: '%s' }}"
READER = {"en": GREETING % "there", "nl": GREETING % "lezer"}

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
    "Order: thank you": {
        "en": ("Thank you for your order", "It is packed today", "Thank you, {reader}",
               "<p>We pack it today; it is with you within two working days.</p>", "Questions about your order", "about-us"),
        "nl": ("Bedankt voor je bestelling", "We pakken hem vandaag in", "Dank je wel, {reader}",
               "<p>We pakken hem vandaag in; binnen twee werkdagen is hij bij je.</p>", "Vragen over je bestelling", "over-ons"),
    },
}  # fmt: skip

#: What the emails say besides, by a word and the language.
SAID = {
    "more guides": {"en": "More guides", "nl": "Meer gidsen"},
    "new articles": {"en": "New on the site", "nl": "Nieuw op de site"},
    "read most": {"en": "What others read most", "nl": "Wat anderen het meest lezen"},
    "not seen": {"en": "You have not read these yet", "nl": "Deze heb je nog niet gelezen"},
    "house": {"en": "A heat pump in a small garden", "nl": "Een warmtepomp in een kleine tuin"},
    "table": {"en": "An adviser and a couple at a kitchen table", "nl": "Een adviseur en een stel aan de keukentafel"},
    "laptop": {"en": "A webinar on a laptop", "nl": "Een webinar op een laptop"},
    "window": {"en": "An open window", "nl": "Een open raam"},
    "quote": {"en": "We did the roof first, and the rest could wait. It was the best advice we got.",
              "nl": "We deden eerst het dak, en de rest kon wachten. Het beste advies dat we kregen."},
    "who": {"en": "Marja and Piet, from a terraced house of 1931", "nl": "Marja en Piet, uit een rijtjeshuis van 1931"},
    "insulate": {"en": "Insulate first", "nl": "Eerst isoleren"},
    "insulate why": {"en": "<p>What you do not lose, you need not make.</p>", "nl": "<p>Wat je niet verliest, hoef je niet te maken.</p>"},
    "generate": {"en": "Then generate", "nl": "Dan opwekken"},
    "generate why": {"en": "<p>Sun on the roof pays for the pump in the garden.</p>",
                     "nl": "<p>Zon op het dak betaalt de pomp in de tuin.</p>"},
    "see": {"en": "See how", "nl": "Kijk hoe"},
    "warm": {"en": "<p>You know more than most by now: ask for an hour with an adviser, it is <b>free this month</b>.</p>",
             "nl": "<p>Je weet nu meer dan de meesten: vraag een uur met een adviseur aan, deze maand <b>gratis</b>.</p>"},
    "cold": {"en": "<p>New here? The guides are a good place to begin.</p>", "nl": "<p>Nieuw hier? De gidsen zijn een goed begin.</p>"},
    "order": {"en": "What is on its way", "nl": "Wat eraan komt"},
}  # fmt: skip

Bodies = Callable[[str], list[Block]]


def guide_thanks(language: str) -> list[Block]:
    return [pages(SAID["more guides"][language], section="guides", unseen=True, number=2)]


def adviser(language: str) -> list[Block]:
    return [
        image("Advice at the kitchen table", SAID["table"][language], "pricing"),
        quote(SAID["quote"][language], SAID["who"][language]),
    ]


def read_next(language: str) -> list[Block]:
    return [
        pages("", rule="because", number=3),
        pages(SAID["read most"][language], rule="viewed", layout="plain"),
    ]


def seat(language: str) -> list[Block]:
    return [image("Webinar on a laptop", SAID["laptop"][language], "webinar")]


def recording(language: str) -> list[Block]:
    return [pages(SAID["new articles"][language], section="articles", layout="large", number=2)]


def welcome(language: str) -> list[Block]:
    def column(name: str, picture: str, alt: str, slug: str) -> list[Block]:
        return [
            image(picture, SAID[alt][language], slug),
            heading(SAID[name][language], "2"),
            text(SAID[f"{name} why"][language]),
            button(SAID["see"][language], slug),
        ]

    return [
        columns(
            column("insulate", "Open window", "window", "insulate-first"),
            column("generate", "Heat pump in the garden", "house", "ready-for-a-heat-pump"),
        ),
        SOCIAL,
    ]


def draughts(language: str) -> list[Block]:
    return [DIVIDER, pages(SAID["not seen"][language], section="articles", unseen=True, number=3)]


def fifty_degrees(language: str) -> list[Block]:
    warm = block("attribute", field="points", attribute="", operator="at_least", value="10")
    return [only_if(warm, [text(SAID["warm"][language])], [text(SAID["cold"][language])])]


def order(language: str) -> list[Block]:
    return [products(SAID["order"][language])]


MORE: dict[str, Bodies] = {
    "Guide: thank you": guide_thanks,
    "Guide: an adviser looks along": adviser,
    "Guide: what others read next": read_next,
    "Webinar: your seat": seat,
    "Webinar: the recording": recording,
    "Newsletter: welcome": welcome,
    "Newsletter: draughts first": draughts,
    "Newsletter: the 50 degree test": fifty_degrees,
    "Order: thank you": order,
}


def all_emails() -> dict[str, EmailTemplate]:
    """The published templates in English, by name, each with its Dutch translation."""
    brand()
    closing = closing_fragment()
    return {name: email(name, closing) for name in EMAILS}


def logo(name: str, title: str) -> Any:
    found = get_image_model().objects.filter(title=title).first()
    if found is None:
        content = ContentFile((IMAGES / f"{name}.png").read_bytes(), name=f"{name}.png")
        found = get_image_model().objects.create(title=title, file=content)
    return found


def brand() -> EmailBrand:
    site = Site.objects.get(is_default_site=True)
    made = EmailBrand(
        site=site, logo=logo("logo", "Logo"), logo_dark=logo("logo-dark", "Logo for the dark"), logo_width=180,
        text_colour="#16292c", paper_colour="#ffffff", background_colour="#f1ece1", link_colour="#a33d1b",
        button_colour="#123a3f", button_text_colour="#ffffff", font="system",
        postal_address="Lindehaag 12\n2513 AB Den Haag",
    )  # fmt: skip
    made.social = with_ids(
        [
            block("profile", name="Mastodon", url="https://social.example/@lindehaag"),
            block("profile", name="LinkedIn", url="https://www.linkedin.example/company/lindehaag"),
        ]
    )
    made.full_clean()
    made.save()
    return made


CLOSING = {
    "en": "<p>Warm regards,<br/>Joost and Hanneke of <b>Lindehaag</b></p>",
    "nl": "<p>Warme groet,<br/>Joost en Hanneke van <b>Lindehaag</b></p>",
}


def closing_fragment() -> EmailFragment:
    """Who writes: the same at the end of every email."""
    original: EmailFragment | None = None
    for language, words in CLOSING.items():
        locale = Locale.objects.get(language_code=language)
        made = (
            original.copy_for_translation(locale)
            if original
            else EmailFragment(name="Closing", locale=locale)
        )
        made.body = with_ids([text(words)])
        made.save()
        made.save_revision().publish()
        original = original or made
    assert original is not None  # noqa: S101  there are two languages
    return original


def email(name: str, closing: EmailFragment) -> EmailTemplate:
    """The published template in English with its Dutch translation."""
    original: EmailTemplate | None = None
    for language, (subject, preheader, title, words, label, slug) in EMAILS[name].items():
        locale = Locale.objects.get(language_code=language)
        if original is None:
            template = EmailTemplate(name=name, locale=locale)
        else:
            template = original.copy_for_translation(locale)
        template.subject, template.preheader = subject, preheader
        template.body = with_ids(
            [
                heading(title.replace("{reader}", READER[language])),
                text(words.replace("{reader}", READER[language])),
                button(label, slug),
                *MORE[name](language),
                block("fragment", fragment=closing.pk),
            ],
            fresh=True,
        )
        template.save()
        template.save_revision().publish()
        original = original or template
    return original
