"""What topics are called and with which words people agree to them, in each language. Every wording is kept."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _t

from wagtail_journeys import db

from .models import Topic, TopicText, Wording


@dataclass(frozen=True)
class Worded:
    """A topic as somebody reads it."""

    topic: Topic
    language: str
    name: str
    description: str
    wording: str

    @property
    def wording_hash(self) -> str:
        return text_hash(self.wording)


def text_hash(text: str) -> str:
    """Hex SHA-256 of the words, by which a version of them is told from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def worded(topics: Iterable[Topic], language: str) -> list[Worded]:
    """The topics in a language, where they are not written in it in their own words. One statement."""
    found = list(topics)
    texts: dict[int, dict[str, TopicText]] = {}
    for text in TopicText.objects.filter(topic__in=found):
        texts.setdefault(text.topic_id, {})[text.language.lower()] = text
    return [_in_language(topic, texts.get(topic.pk, {}), language) for topic in found]


def _in_language(topic: Topic, texts: dict[str, TopicText], language: str) -> Worded:
    code = language.replace("_", "-").lower()
    while code and code not in texts:
        code = code.rpartition("-")[0]
    text = texts.get(code)
    name = (text and text.name) or topic.name
    description = (text and text.description) or topic.description
    wording = text.wording if text else topic.wording
    if not wording.strip():
        with translation.override(language):
            wording = _t("Yes, send me “%(topic)s” by email. I can stop at any time.") % {"topic": name}
    return Worded(topic, language, name, description, wording.strip())


def keep_wordings(items: Iterable[Worded], now: datetime.datetime) -> None:
    """Keep the words in which topics are offered, each under the next number; known ones stay what they are."""
    for item in items:
        _keep(item, now)


def _keep(item: Worded, now: datetime.datetime) -> None:
    versions = Wording.objects.filter(topic=item.topic)
    for _attempt in range(3):
        if versions.filter(text_hash=item.wording_hash).exists():
            return
        number = (versions.aggregate(top=Max("number"))["top"] or 0) + 1
        try:
            with db.batch(Wording):
                Wording.objects.create(
                    topic=item.topic,
                    number=number,
                    language=item.language,
                    text=item.wording,
                    text_hash=item.wording_hash,
                    since=now,
                )
            return
        except IntegrityError:
            continue  # somebody else keeps one at this moment


def offered() -> list[Topic]:
    """The topics that contacts can choose to get emails about. One statement."""
    return list(Topic.objects.filter(is_public=True, purpose=Topic.Purpose.EMAILS))


def choosable() -> list[Topic]:
    """The same, and what contacts can agree to besides. One statement."""
    return list(Topic.objects.filter(is_public=True))
