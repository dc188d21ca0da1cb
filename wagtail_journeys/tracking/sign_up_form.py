"""The form with which people sign up: shown in a block, by a template tag or on a page of its own, and read again.

It is the same for everybody, so that pages with it can be cached, and works without scripts and cookies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts import topics
from wagtail_journeys.contacts.models import Wording
from wagtail_journeys.contacts.sign_ups import Asked
from wagtail_journeys.contacts.topics import Worded
from wagtail_journeys.events import sanitise
from wagtail_journeys.tracking import sites, visitor

#: Source of the consent entries.
SIGN_UP = "sign_up"

#: A field that people do not see. Whoever fills it in is no person.
HONEYPOT = "website"

#: Topics in one form at most.
MANY = 20


@dataclass
class SignUpForm:
    """What the template shows: the topics on offer in the page's language, and what was typed before, if anything."""

    items: Sequence[Worded]
    ask_name: bool = False
    button: str = ""
    page_url: str = ""
    email: str = ""
    first_name: str = ""
    chosen: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    honeypot: str = HONEYPOT
    #: Several forms on one page need ids of their own.
    prefix: str = "sign-up"

    @property
    def language(self) -> str:
        return translation.get_language() or settings.LANGUAGE_CODE

    @property
    def only(self) -> Worded | None:
        """Where there is one topic, whoever sends the form agrees to it: there is no box to tick."""
        return self.items[0] if len(self.items) == 1 else None


def offer(slugs: Iterable[str], **more: Any) -> SignUpForm:
    """The form for these topics, in their own order; none of them named: for all that contacts can choose."""
    wanted = list(dict.fromkeys(slugs))[:MANY]
    found = [topic for topic in topics.offered() if not wanted or topic.slug in wanted]
    language = translation.get_language() or settings.LANGUAGE_CODE
    return SignUpForm(topics.worded(found[:MANY], language), **more)


@dataclass(frozen=True)
class Read:
    """A form that was sent: what was asked for, or the form again with what is wrong with it; neither for a machine."""

    asked: Asked | None = None
    again: SignUpForm | None = None


def read(request: HttpRequest) -> Read:
    """In the language of the form, which the caller has made the active one. Three statements."""
    data = request.POST
    if data.get(HONEYPOT):
        return Read()
    form = offer(
        data.getlist("offered"),
        ask_name="first_name" in data,
        page_url=sanitise.url(data.get("page", "")),
        email=data.get("email", "")[:320].strip(),
        first_name=sanitise.line(data.get("first_name", ""), 200),
        chosen=set(data.getlist("topic")[:MANY]),
    )
    chosen = [item for item in form.items if item.topic.slug in form.chosen]
    address = sanitise.email(form.email)
    if not address:
        form.problems["email"] = _t("Please write your email address, like name@example.org.")
    if not chosen:
        form.problems["topic"] = _t("Please tick what you would like to get.")
    shown = _as_shown(chosen, data.getlist("words"))
    if chosen and shown is None:
        form.problems["topic"] = _t("The text has changed meanwhile. Please read it once more.")
    if form.problems or shown is None:
        return Read(again=form)
    asked = Asked(
        address=address,
        items=shown,
        source=SIGN_UP,
        language=form.language,
        first_name=form.first_name,
        url=_own_url(request, form.page_url),
        network=visitor.network(request),
        user_agent=sanitise.line(request.headers.get("User-Agent", ""), 200),
        site_id=sites.site_id(request),
    )
    return Read(asked)


def _as_shown(chosen: Sequence[Worded], words: Sequence[str]) -> list[Worded] | None:
    """The topics in the words that stood in the form: a cached page may show those of yesterday. None: nobody knows them."""
    hashes = dict(word.rpartition(":")[::2] for word in words[:MANY])
    earlier = [item for item in chosen if hashes.get(item.topic.slug) != item.wording_hash]
    if not earlier:
        return list(chosen)
    wanted = {item.topic.pk: hashes.get(item.topic.slug, "") for item in earlier}
    versions = Wording.objects.filter(topic__in=wanted, text_hash__in=wanted.values())
    kept = {row.topic_id: row.text for row in versions if row.text_hash == wanted[row.topic_id]}
    if any(item.topic.pk not in kept for item in earlier):
        return None
    return [
        Worded(item.topic, item.language, item.name, item.description, kept.get(item.topic.pk, item.wording))
        for item in chosen
    ]


def _own_url(request: HttpRequest, url: str) -> str:
    """The page of the form, as proof of where it stood; a page of another site proves nothing."""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return ""
    return url if host == request.get_host() else ""


def speaks(code: str) -> str:
    """The language of a form, if it is one of the site's."""
    return code if code in dict(settings.LANGUAGES) else ""
