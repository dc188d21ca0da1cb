from __future__ import annotations

import datetime

import pytest

from tests.emails.making import NOW
from wagtail_journeys.emails import judging
from wagtail_journeys.emails.judging import Fact

SOON, GRACE = datetime.timedelta(seconds=10), datetime.timedelta(seconds=120)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.5)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
HOME, SCANNER = "192.0.2.0/24", "198.51.100.0/24"


@pytest.mark.parametrize(
    ("kind", "method", "agent", "purposes", "verdict"),
    [
        ("click", "GET", FIREFOX, "", "human"),
        ("open", "GET", FIREFOX, "", "human"),
        ("open", "GET", OUTLOOK, "", "human"),
        ("open", "GET", GMAIL, "", "human"),
        ("open", "GET", "YahooMailProxy; https://help.yahoo.com", "", "human"),
        ("open", "GET", "Mozilla/5.0", "", "unknown"),
        ("click", "GET", "Mozilla/5.0", "", "automated"),
        ("click", "HEAD", FIREFOX, "", "automated"),
        ("click", "OPTIONS", FIREFOX, "", "automated"),
        ("click", "GET", "", "", "automated"),
        ("open", "GET", " ", "", "automated"),
        ("click", "GET", "BarracudaCentral Scanner", "", "automated"),
        ("click", "GET", "python-requests/2.32", "", "automated"),
        ("click", "GET", "Mozilla/5.0 (compatible; Googlebot/2.1)", "", "automated"),
        ("click", "GET", FIREFOX.replace("Mozilla", "HeadlessChrome Mozilla"), "", "automated"),
        ("click", "GET", FIREFOX, "prefetch;prerender", "automated"),
        ("open", "GET", FIREFOX, "preview", "automated"),
    ],
)
def test_what_a_request_tells(kind: str, method: str, agent: str, purposes: str, verdict: str) -> None:
    reasons = judging.at_once(kind, method, agent, purposes)
    assert judging.verdict(reasons) == verdict
    assert all(str(judging.REASONS[name]) for name in reasons)


def hits(*told: tuple[str, int | None, float, str]) -> list[Fact]:
    """``(kind, link, seconds after the hand-over, network)`` each."""
    return [
        Fact(number, kind, link, NOW + datetime.timedelta(seconds=after), network, [])
        for number, (kind, link, after, network) in enumerate(told)
    ]


def verdicts(*told: tuple[str, int | None, float, str]) -> list[tuple[str, list[str]]]:
    found = judging.judge(hits(*told), NOW, SOON, GRACE)
    return [found[number] for number in range(len(told))]


AUTOMATED, HUMAN = "automated", ("human", [])


def test_soon() -> None:
    """What comes within seconds of the hand-over is a filter's; the same a moment later is a person's."""
    assert verdicts(("open", None, 9.9, HOME), ("click", 1, 10, HOME)) == [(AUTOMATED, ["soon"]), HUMAN]


def test_burst() -> None:
    """Three different links from one place within ten seconds are a scanner's, the first of them too; fewer, slower or
    from several places are people's."""
    burst = verdicts(
        ("click", 1, 60, HOME), ("click", 2, 64, HOME), ("click", 3, 70, HOME), ("click", 4, 90, HOME)
    )
    assert burst == [(AUTOMATED, ["burst"])] * 3 + [HUMAN]
    assert verdicts(("click", 1, 60, HOME), ("click", 2, 64, HOME), ("click", 2, 65, HOME)) == [HUMAN] * 3
    assert verdicts(("click", 1, 60, HOME), ("click", 2, 66, HOME), ("click", 3, 72, HOME)) == [HUMAN] * 3
    assert verdicts(("click", 1, 60, HOME), ("click", 2, 61, HOME), ("click", 3, 62, SCANNER)) == [HUMAN] * 3


def test_trap() -> None:
    """Whoever follows the link that nobody can see did the rest as well: from there within the grace time, or from
    anywhere at that moment. A person elsewhere, later, did not."""
    found = verdicts(
        ("open", None, 60, SCANNER),
        ("click", 1, 61, SCANNER),
        ("trap", None, 100, SCANNER),
        ("click", 1, 108, HOME),
        ("click", 1, 150, HOME),
    )
    assert [verdict for verdict, _reasons in found] == [AUTOMATED] * 4 + ["human"]
    assert found[2][1] == ["trap"]


def test_a_person_makes_up_for_a_program() -> None:
    """Of several verdicts on a message the most human one counts, in whichever order they come."""
    for one, other, best in (
        ("", "automated", "automated"),
        ("automated", "human", "human"),
        ("human", "automated", "human"),
        ("unknown", "automated", "unknown"),
    ):
        assert judging.better(one, other) == best
