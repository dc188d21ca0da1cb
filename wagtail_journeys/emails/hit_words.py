"""The opens and clicks of one message in words, for whoever looks at its page."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact

from .hit_models import Hit
from .judging import REASONS
from .models import Message

#: Shown on a page; there may be as many as JOURNEYS_HIT_LIMIT lets in.
MOST = 100

TONES = {Hit.Verdict.HUMAN: "positive", Hit.Verdict.AUTOMATED: "", Hit.Verdict.UNKNOWN: ""}
PHRASES = {
    Hit.Kind.OPEN: _("Opened."),
    Hit.Kind.CLICK: _("Followed the link %s"),
    Hit.Kind.TRAP: _("Followed the link that nobody can see."),
}
GONE = _("A link that is gone was followed.")


@dataclass(frozen=True)
class Line:
    """One open or click: when, what, who it was taken for, and why."""

    at: datetime.datetime
    what: str
    who: str
    tone: str
    why: str


@dataclass(frozen=True)
class Told:
    """What the page says: lines, or why there are none."""

    lines: list[Line]
    empty: str = ""
    is_cut: bool = False


def tell(message: Message) -> Told:
    """The newest hits of the message, the first thing first. Two statements at most."""
    newest = Hit.objects.filter(message=message).select_related("link").order_by("-at", "-pk")
    found = list(newest[: MOST + 1])
    if not found:
        return Told([], _empty(message))
    return Told([_line(hit) for hit in reversed(found[:MOST])], is_cut=len(found) > MOST)


def _line(hit: Hit) -> Line:
    phrase = str(PHRASES[Hit.Kind(hit.kind)])
    if hit.kind == Hit.Kind.CLICK:
        phrase = phrase % hit.link.url if hit.link else str(GONE)
    reasons = [name for name in hit.reasons if name != "trap" or hit.kind != Hit.Kind.TRAP]
    return Line(
        hit.at,
        phrase,
        str(hit.get_verdict_display()),
        TONES.get(Hit.Verdict(hit.verdict), ""),
        why(reasons),
    )


def why(reasons: Iterable[str]) -> str:
    words = "; ".join(str(REASONS[name]) for name in reasons if name in REASONS)
    return words[:1].upper() + words[1:] + "." if words else ""


def _empty(message: Message) -> str:
    if message.marked_at is None:
        return _t("It has not been sent.")
    counted = (
        Contact.objects.filter(pk=message.contact_id)
        .annotate(
            opens=consent.allows(consent.OPEN_TRACKING, "pk"),
            clicks=consent.allows(consent.CLICK_TRACKING, "pk"),
        )
        .values_list("opens", "clicks")
        .first()
    )
    opens, clicks = counted or (False, False)
    if opens and clicks:
        return _t("Nobody has opened it or followed a link so far, as far as can be told.")
    if clicks:
        return _t("Nobody has followed a link so far. The contact has not agreed that opens are counted.")
    if opens:
        return _t(
            "Nobody has opened it so far, as far as can be told. The contact has not agreed that clicks are counted."
        )
    return _t("The contact has not agreed that opens and clicks are counted.")
