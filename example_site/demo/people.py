"""Six weeks of visitors: who came, what they read and downloaded, and who told us who they are."""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from wagtail.documents.models import Document
from wagtail.models import Page, Site

from wagtail_journeys.events.inbox import Incoming

FIRST = {
    "nl": [
        "Anouk",
        "Bram",
        "Daan",
        "Eva",
        "Fleur",
        "Guus",
        "Hanneke",
        "Ilse",
        "Jasper",
        "Kim",
        "Lotte",
        "Mees",
        "Noor",
        "Otis",
        "Pien",
        "Ruben",
        "Sanne",
        "Tijn",
        "Vera",
        "Wout",
    ],
    "en": [
        "Alice",
        "Ben",
        "Clara",
        "Dev",
        "Emily",
        "Finn",
        "Grace",
        "Harry",
        "Isla",
        "Jack",
        "Kate",
        "Liam",
        "Maya",
        "Noah",
        "Olive",
        "Paul",
        "Rosa",
        "Sam",
        "Tess",
        "Will",
    ],
}
LAST = {
    "nl": [
        "Bakker",
        "Dekker",
        "Hendriks",
        "Jansen",
        "Kok",
        "Meijer",
        "Mulder",
        "Postma",
        "Smit",
        "Visser",
        "Vos",
        "Willems",
    ],
    "en": [
        "Adams",
        "Brown",
        "Clarke",
        "Evans",
        "Green",
        "Hughes",
        "King",
        "Miller",
        "Patel",
        "Reed",
        "Stone",
        "Walker",
    ],
}
SLUGS = {
    "en": {
        "home": "home-en", "section": "guides", "pricing": "pricing", "webinar": "webinar", "newsletter": "newsletter",
        "guides": ["insulate-first", "ready-for-a-heat-pump", "solar-without-the-sales-talk", "paying-for-it"],
        "articles": ["the-50-degree-test", "draughts-are-not-ventilation", "what-a-thermal-camera-tells-you"],
    },
    "nl": {
        "home": "home-nl", "section": "gidsen", "pricing": "tarieven", "webinar": "webinar", "newsletter": "nieuwsbrief",
        "guides": ["eerst-isoleren", "klaar-voor-een-warmtepomp", "zonnepanelen-zonder-verkooppraatje", "wie-betaalt-dat"],
        "articles": ["de-50-gradentest", "tocht-is-geen-ventilatie", "wat-een-warmtebeeld-je-vertelt"],
    },
}  # fmt: skip


@dataclass
class Visitor:
    number: int
    language: str
    first_name: str
    last_name: str
    keen: float  # 0 … 1: how likely to go on
    browser: str
    sessions: list[datetime.datetime] = field(default_factory=list)
    known: bool = False

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}{self.number}@example.com".lower()


class Town:
    """Everybody who visited the site. The same seed tells the same story."""

    def __init__(
        self, since: datetime.datetime, until: datetime.datetime, people: int, seed: int = 7
    ) -> None:
        self.chance = random.Random(seed)
        self.since, self.until = since, until
        self.site = Site.objects.get(is_default_site=True).pk
        self.pages = {
            language: {
                key: [self._page(slug, language) for slug in (value if isinstance(value, list) else [value])]
                for key, value in slugs.items()
            }
            for language, slugs in SLUGS.items()
        }
        self.documents = {
            language: [_document(page) for page in self.pages[language]["guides"]] for language in SLUGS
        }
        self.people = [self._visitor(number) for number in range(people)]

    def _page(self, slug: str, language: str) -> Page:
        return Page.objects.get(slug=slug, locale__language_code=language)

    def _visitor(self, number: int) -> Visitor:
        language = "nl" if self.chance.random() < 0.6 else "en"
        visitor = Visitor(
            number, language, self.chance.choice(FIRST[language]), self.chance.choice(LAST[language]),
            self.chance.betavariate(2, 3), str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
        )  # fmt: skip
        length = (self.until - self.since).total_seconds()
        moment = self.since + datetime.timedelta(seconds=length * self.chance.random() ** 0.8)
        while moment < self.until:
            visitor.sessions.append(self._daytime(moment))
            if self.chance.random() > 0.35 + 0.5 * visitor.keen:
                break
            moment += datetime.timedelta(days=self.chance.expovariate(1 / 5))
        visitor.sessions = [moment for moment in visitor.sessions if moment < self.until]
        return visitor

    def _daytime(self, moment: datetime.datetime) -> datetime.datetime:
        hour = min(23, max(6, int(self.chance.gauss(15, 4))))
        return moment.replace(hour=hour, minute=self.chance.randrange(60), second=self.chance.randrange(60))

    def sessions(self) -> Iterator[tuple[datetime.datetime, list[Incoming]]]:
        """Every visit with what happened in it, oldest first."""
        visits = sorted((moment, v.number) for v in self.people for moment in v.sessions)
        for moment, number in visits:
            yield moment, self._session(self.people[number], moment)

    def _session(self, visitor: Visitor, moment: datetime.datetime) -> list[Incoming]:
        pages, events, chance = self.pages[visitor.language], [], self.chance
        clock = moment

        def view(key: str) -> Page:
            nonlocal clock
            page = chance.choice(pages[key])
            properties = {"title": page.title, "locale": visitor.language}
            events.append(
                self._event(
                    visitor,
                    "page_view",
                    clock,
                    page_id=page.pk,
                    url=page.full_url or "",
                    properties=properties,
                )
            )
            clock += datetime.timedelta(seconds=chance.randrange(20, 200))
            return page

        view(chance.choice(["home", "home", "articles"]))
        if chance.random() < 0.45 + 0.5 * visitor.keen:
            view("section")
            guide = view("guides")
            if chance.random() < 0.35 + 0.5 * visitor.keen:
                document = self.documents[visitor.language][pages["guides"].index(guide)]
                events.append(
                    self._event(
                        visitor, "document_download", clock, document_id=document.pk, url=document.url,
                        properties={
                            "document_title": document.title, "filename": document.filename,
                            "collection": document.collection.name, "locale": visitor.language,
                        },
                    )
                )  # fmt: skip
                clock += datetime.timedelta(seconds=90)
        if chance.random() < 0.3 * visitor.keen:
            view("pricing")
        if not visitor.known and chance.random() < 0.15 + 0.6 * visitor.keen:
            key = chance.choice(["webinar", "newsletter"])
            form = view(key)
            visitor.known = True
            events.append(
                self._event(
                    visitor, "form_submit", clock, page_id=form.pk, claims={"email": visitor.email},
                    traits={"first_name": visitor.first_name, "last_name": visitor.last_name, "locale": visitor.language},
                    properties={
                        "first_name": visitor.first_name, "email": visitor.email, "locale": visitor.language,
                        "newsletter": key == "newsletter" or chance.random() < 0.4,
                    },
                )
            )  # fmt: skip
        return events

    def _event(self, visitor: Visitor, name: str, moment: datetime.datetime, **fields: object) -> Incoming:
        return Incoming(
            source="browser" if name == "page_view" else "site",
            name=name,
            occurred_at=moment,
            message_id=str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
            anonymous_id=visitor.browser,
            site_id=self.site,
            **fields,
        )


def _document(page: Page) -> Document:
    """The PDF of a guide."""
    return page.specific.document
