"""Which links of a campaign's emails were followed, by how many contacts, and how often by people and by programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.emails.hit_models import Hit
from wagtail_journeys.reporting.campaigns import ADDRESS, Counted, clicks
from wagtail_journeys.reporting.sentences import StepWords
from wagtail_journeys.reporting.shown import Link, Number, number

Verdict = Hit.Verdict

#: Links listed, those that were followed by most people first.
MOST = 100


@dataclass(frozen=True)
class Followed:
    """One link of one step: the contacts who followed it, and how often it was followed by whom."""

    step: str
    url: str
    contacts: Number
    human: str
    automated: str


def followed(
    campaign: Campaign, version: int | None, words: Mapping[str, StepWords], link: Link
) -> list[Followed]:
    """The links by step, the most followed first. One statement."""
    human = Q(verdict=Verdict.HUMAN)
    rows = (
        clicks(campaign, version)
        .values("message__step_id", address=ADDRESS)
        .annotate(
            contacts=Count("message__contact", filter=human, distinct=True),
            human=Count("pk", filter=human),
            automated=Count("pk", filter=Q(verdict=Verdict.AUTOMATED)),
        )
        .order_by("-contacts", "-human", "-automated", "address")
    )
    found = []
    for row in rows[:MOST]:
        step, url = row["message__step_id"], row["address"]
        label = words[step].text if step in words else ""
        counted = Counted("link", step, reason=url)
        times = [Number("", row[name]).text for name in ("human", "automated")]
        found.append(Followed(label, url, number(url, row["contacts"], counted, link), *times))
    return found
