"""Who opened an email or followed its links: a person, or one of the programs that do so on the way to a person.

Plain functions: no database, no clock. Nothing is ever thrown away; a verdict says what is believed, and why.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import bots

from .hit_models import Hit

Kind, Verdict = Hit.Kind, Hit.Verdict

#: Why something is taken for a program, in words for whoever reads the message's page.
REASONS = {
    "method": _("it only asked whether the link is there"),
    "no_agent": _("it did not say what it is"),
    "agent": _("it said that it is a program"),
    "prefetch": _("it was fetched ahead, before anybody looked"),
    "soon": _("it came a moment after the email was handed over"),
    "burst": _("several links were followed within seconds"),
    "trap": _("a link that nobody can see was followed from there, too"),
    "proxy": _("a privacy service of the mail program loads pictures by itself"),
}
#: Reasons that leave it open.
UNDECIDED = frozenset({"proxy"})

#: So many different links within so short a time are followed by no person.
BURST_LINKS = 3
BURST = datetime.timedelta(seconds=10)

#: What scanners of mail servers, and fetchers of previews, call themselves. Lower case.
MARKERS = (
    "barracuda",
    "mimecast",
    "proofpoint",
    "safelinks",
    "symantec",
    "messagelabs",
    "trendmicro",
    "fireeye",
    "forcepoint",
    "websense",
    "ironport",
    "sophos",
    "zscaler",
    "cloudmark",
    "vadesecure",
    "bitdefender",
    "urldefense",
    "mailscanner",
    "spamassassin",
    "rspamd",
    "headless",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "python",
    "curl/",
    "wget/",
    "go-http-client",
    "okhttp",
    "libwww",
    "java/",
    "apache-httpclient",
    "axios",
    "node-fetch",
    "link preview",
    "linkpreview",
    "urlpreview",
    "bot/",
    "bot;",
    "spider",
    "crawler",
)
#: They load pictures when somebody reads the email, in place of the reader's own program: the only sign there is.
READERS_PROXIES = ("googleimageproxy", "yahoomailproxy")
#: Loads all pictures of all emails, whether anybody reads them or not, and says nothing else about itself.
PRIVACY_PROXY = "mozilla/5.0"


def at_once(kind: str, method: str, agent: str, purposes: str) -> list[str]:
    """What the request itself tells, before anything else is known: the names of reasons.

    ``purposes`` are the values of the headers in which browsers say that they fetch ahead.
    """
    found = []
    if method != "GET":
        found.append("method")
    if bots.fetches_ahead(purposes):
        found.append("prefetch")
    name = agent.strip().lower()
    if not name:
        found.append("no_agent")
    elif any(proxy in name for proxy in READERS_PROXIES):
        pass
    elif name == PRIVACY_PROXY:
        found.append("proxy" if kind == Kind.OPEN else "agent")
    elif any(marker in name for marker in MARKERS) or (kind != Kind.OPEN and bots.is_crawler(agent[:500])):
        found.append("agent")
    return found


@dataclass(frozen=True, slots=True)
class Fact:
    """One hit, as far as it matters here; ``link`` tells links apart."""

    id: int
    kind: str
    link: int | None
    at: datetime.datetime
    network: str
    reasons: Sequence[str]


def judge(
    facts: Sequence[Fact],
    handed_over: datetime.datetime | None,
    soon: datetime.timedelta,
    grace: datetime.timedelta,
) -> dict[int, tuple[str, list[str]]]:
    """The verdict on each hit of one message, and its reasons. ``facts`` are all hits around the time in question."""
    clicks = [fact for fact in facts if fact.kind == Kind.CLICK]
    traps = [fact for fact in facts if fact.kind == Kind.TRAP]
    found = {}
    for fact in facts:
        reasons = [name for name in fact.reasons if name in REASONS]
        if handed_over is not None and fact.at < handed_over + soon:
            reasons.append("soon")
        if fact.kind == Kind.CLICK and _is_burst(fact, clicks):
            reasons.append("burst")
        if fact.kind == Kind.TRAP or any(_is_of(trap, fact, grace) for trap in traps):
            reasons.append("trap")
        found[fact.id] = (verdict(reasons), list(dict.fromkeys(reasons)))
    return found


def verdict(reasons: Sequence[str]) -> str:
    if set(reasons) - UNDECIDED:
        return Verdict.AUTOMATED.value
    return Verdict.UNKNOWN.value if reasons else Verdict.HUMAN.value


def _is_burst(fact: Fact, clicks: Sequence[Fact]) -> bool:
    """Whether it is one of several different links that were followed from one place within a window."""
    near = sorted(
        (other for other in clicks if other.network == fact.network and abs(other.at - fact.at) <= BURST),
        key=lambda other: other.at,
    )
    for first in near:
        window = [other for other in near if first.at <= other.at <= first.at + BURST]
        if fact in window and len({other.link for other in window}) >= BURST_LINKS:
            return True
    return False


def _is_of(trap: Fact, fact: Fact, grace: datetime.timedelta) -> bool:
    """Whether whoever went into the trap did this as well: from the same place, or at the same moment."""
    apart = abs(trap.at - fact.at)
    return apart <= BURST or (trap.network == fact.network and apart <= grace)


RANK: Mapping[str, int] = {
    "": 0,
    Verdict.AUTOMATED.value: 1,
    Verdict.UNKNOWN.value: 2,
    Verdict.HUMAN.value: 3,
}


def better(one: str, other: str) -> str:
    """Of two verdicts on the same message the one that counts: a person, later, makes up for a program before."""
    return max(one, other, key=lambda name: RANK.get(name, 0))
