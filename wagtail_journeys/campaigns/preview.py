"""What the preview panel of a campaign shows: the flow chart, and in words who enters and how often."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from wagtail_journeys.segments import drafts
from wagtail_journeys.streams import raw

from . import event_needs, flow
from .models import Campaign
from .triggers import registry


@dataclass
class Preview:
    facts: list[tuple[str, str]]
    chart: SafeString
    doubts: list[str] = field(default_factory=list)


def preview(campaign: Campaign, now: datetime.datetime) -> Preview:
    """Never raises, however little of the campaign is there yet."""
    chart = flow.figure(trigger_sentence(campaign), raw(campaign.steps))
    return Preview(facts(campaign), chart, event_needs.doubts_about(campaign, now))


def trigger_sentence(campaign: Campaign) -> str:
    """What starts the campaign, as half a sentence about a contact; "" when nothing does yet."""
    blocks = raw(campaign.trigger)
    return describe_trigger(blocks[0]) if blocks else ""


def describe_trigger(block: dict[str, Any]) -> str:
    try:
        return registry[block["type"]].describe(block["value"]) or "…"
    except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
        return "…"


def facts(campaign: Campaign) -> list[tuple[str, str]]:
    """Who enters, how often, and who gets the emails: label and words."""
    found = []
    filters = drafts.sentence(campaign.filters_match, raw(campaign.filters))
    found.append((_t("Only contacts who"), filters or _t("(everybody)")))
    found.append((_t("A contact may enter"), frequency_in_words(campaign)))
    if campaign.topic is not None:
        found.append((_t("Emails go to"), audience(campaign.topic)))
    else:
        found.append((_t("Emails"), _t("transactional: topics and their consents are ignored")))
    return found


def audience(topic: Any) -> str:
    """Whom the topic lets through; an opt-in topic that nobody asked for is the usual reason why nothing is sent."""
    if topic.mode == topic.Mode.OPT_IN:
        return _t("only those who have asked for “%s”") % topic
    return _t("all who have not refused “%s”") % topic


def frequency_in_words(campaign: Campaign) -> str:
    if campaign.frequency == Campaign.Frequency.INTERVAL:
        number = campaign.interval
        if not number:
            return "…"
        return {
            Campaign.IntervalUnit.HOURS: ngettext("at most every hour", "at most every %(n)d hours", number),
            Campaign.IntervalUnit.DAYS: ngettext("at most every day", "at most every %(n)d days", number),
            Campaign.IntervalUnit.WEEKS: ngettext("at most every week", "at most every %(n)d weeks", number),
            Campaign.IntervalUnit.MONTHS: ngettext(
                "at most every month", "at most every %(n)d months", number
            ),
        }[Campaign.IntervalUnit(campaign.interval_unit)] % {"n": number}
    return str(Campaign.Frequency(campaign.frequency).label)
