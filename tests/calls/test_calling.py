"""From a step to a request: values fill places, and never change what is asked."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.making import step
from wagtail_journeys.calls import secrets
from wagtail_journeys.calls.request import Request
from wagtail_journeys.campaigns import calling
from wagtail_journeys.exceptions import TemplateError

SITE = {"name": "Site", "root_url": "https://site.example"}


def made(
    params: dict[str, Any], event: dict[str, Any] | None = None, journey: Any = None, **contact: Any
) -> Request:
    context = {"contact": contact, "event": event or {}, "journey": journey or {}, "site": SITE}
    return calling.request_for(calling.plan_of(params), context, calling.defaults_of(params))


def params(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return dict(step(*args, **kwargs)["value"])


NASTY = [
    "Ann",
    "../../admin",
    "a/b?c=d&e=f#g",
    "%2e%2e%2f",
    '"}, "admin": true, {"a": "',
    "Zoë 🎉 \\ ' \" <b>",
    "line\r\nX-Evil: 1",
    "{{ secret.crm_token }}",
    "\ue000crm_token\ue001",
    "a\x00b",
]


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.JOURNEYS_SECRETS = {"crm_token": "s3cret", "signing": "whsec_aaaa"}


def stays_what_it_is(value: str) -> None:
    wanted = params(
        "https://crm.example.com/contacts/{{ contact.name }}/notes?q={{ contact.name }}&site=1",
        {"name": "{{ contact.name }}", "list": ["x {{ contact.name }} y"], "fixed": 1},
    )
    request = made(wanted, name=value)
    plain = secrets.clean(value).replace("\x00", "").encode("utf-8", "replace").decode()
    plain = plain.replace("\r\n", "\n").replace("\r", "\n")  # Liquid writes lines in one way
    if not plain or plain in {".", ".."}:
        assert request.problem
        return
    parts = urlsplit(request.url)
    assert (parts.scheme, parts.netloc) == ("https", "crm.example.com")
    assert [unquote(piece) for piece in parts.path.split("/")] == ["", "contacts", plain, "notes"]
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [plain], "site": ["1"]}
    assert json.loads(request.body) == {"name": plain, "list": [f"x {plain} y"], "fixed": 1}
    assert secrets.OPEN not in request.url + request.body


@pytest.mark.parametrize("value", NASTY)
def test_a_value_stays_a_value(value: str) -> None:
    """Whatever a contact is called, path, query and JSON keep their structure, and no secret comes out."""
    stays_what_it_is(value)


@given(st.text(max_size=60))
def test_any_value_stays_a_value(value: str) -> None:
    """The same for anything."""
    stays_what_it_is(value)


@pytest.mark.parametrize("value", [".", "..", ""])
def test_a_part_of_the_path_does_not_vanish(value: str) -> None:
    """A value that would make the address another one stops the call, with a reason."""
    wanted = params("https://crm.example.com/contacts/{{ contact.name }}", defaults=[("contact.name", "")])
    assert "address" in made(wanted, name=value).problem


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b\x1f"])
def test_headers_cannot_be_injected(value: str) -> None:
    """A line break in a value never reaches the wire."""
    request = made(params("https://e.com/", headers=[("X-Name", "{{ contact.name }}")]), name=value)
    assert "control character" in request.problem


def test_form() -> None:
    """Names and values of a form are encoded."""
    wanted = params(
        "https://e.com/",
        [("to", "{{ contact.phone }}"), ("a&b", "{{ contact.name }}=x"), ("key", "{{ secret.crm_token }}")],
    )
    request = made(wanted, phone="+31 6 1", name="a&b=c")
    assert request.body == f"to=%2B31+6+1&a%26b=a%26b%3Dc%3Dx&key={secrets.mark('crm_token')}"


def test_json_keeps_types() -> None:
    """A number alone between its quotes stays a number; with words around it, it is text."""
    wanted = params(
        "https://e.com/",
        {
            "n": "{{ contact.points }}",
            "t": "{{ contact.points }} points",
            "l": "{{ contact.tags }}",
            "s": "{{ contact.zip }}",
        },
    )
    body = json.loads(made(wanted, points=12, tags=["a", 1], zip="01234").body)
    assert body == {"n": 12, "t": "12 points", "l": ["a", 1], "s": "01234"}


def test_quotes_inside_merge_tags() -> None:
    """Filters with double quotes may stand inside JSON."""
    wanted = params("https://e.com/", '{"name": "{{ contact.name | default: "there" | upcase }}"}')
    assert json.loads(made(wanted).body) == {"name": "THERE"}


def test_journey_data_and_events() -> None:
    """What earlier calls kept, and the event that started the journey, may be used."""
    wanted = params("https://e.com/{{ journey.crm_id }}", {"doc": "{{ event.document_title }}"})
    request = made(wanted, {"document_title": "Guide"}, {"crm_id": 12})
    assert request.url == "https://e.com/12" and json.loads(request.body) == {"doc": "Guide"}


def test_a_value_that_is_missing() -> None:
    """A merge tag without value and default stops the call and is named; a default helps."""
    url = "https://e.com/{{ contact.company }}"
    assert "contact.company" in made(params(url)).problem
    assert made(params(url, defaults=[("contact.company", "none")])).url == "https://e.com/none"


def test_repeatable() -> None:
    """PUT, GET and DELETE may always be repeated, POST where the editor says so."""
    for method, ticked, expected in [
        ("PUT", False, True),
        ("POST", False, False),
        ("POST", True, True),
        ("PATCH", False, False),
    ]:
        assert made(params("https://e.com/", method=method, repeatable=ticked)).repeatable is expected


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    (params(""), "no address"),
    (params("{{ contact.url }}"), "behind the host only"),
    (params("{{ contact.scheme }}://e.com/"), "behind the host only"),
    (params("https://{{ contact.host }}/"), "behind the host only"),
    (params("https://api.{{ contact.host }}.com/x"), "behind the host only"),
    (params("https://e.com:{{ contact.port }}/"), "behind the host only"),
    (params("https://e.com{{ contact.more }}/"), "behind the host only"),
    (params("https://u:{{ secret.crm_token }}@e.com/"), "behind the host only|user name"),
    (params("https://e.com/{% if contact.x %}a{% endif %}"), "Only merge tags"),
    (params("http://e.com/"), "https"),
    (params("https://127.0.0.1/"), "internal"),
    (params("https://e.com/{{ nobody.x }}"), "no “nobody”"),
    (params("https://e.com/{{ contact.x | nofilter }}"), "filter"),
    (params("https://e.com/{{ secret.nobody }}"), "no secret “nobody”"),
    (params("https://e.com/{{ secret.crm_token | upcase }}"), "by itself"),
    (params("https://e.com/", sign_with="nobody"), "no secret “nobody”"),
    (params("https://e.com/", '{"a": {{ contact.x }}}'), "not JSON"),
    (params("https://e.com/", '{"{{ contact.x }}": 1}'), "name of a member"),
    (params("https://e.com/", "{"), "not JSON"),
    (params("https://e.com/", {"a": 1}, method="GET"), "no body"),
    (params("https://e.com/", headers=[("Host", "evil")]), "cannot be set"),
    (params("https://e.com/", headers=[("webhook-id", "1")]), "cannot be set"),
    (params("https://e.com/", headers=[("X Y", "1")]), "name of a header"),
    (params("https://e.com/", headers=[("X", "a\r\nb")]), "control character"),
    (params("https://e.com/", headers=[("Authorization", "Bearer abc")]), "secret"),
    (params("https://e.com/", keep=[("a..b", "x")]), "member of an answer"),
    (params("https://e.com/", keep=[("id", "X-1")]), "cannot be a name"),
]


@pytest.mark.parametrize(("wanted", "words"), PROBLEMS, ids=[words for _wanted, words in PROBLEMS])
def test_problems(wanted: dict[str, Any], words: str) -> None:
    """What cannot be called is said before it is published, and never called."""
    import re

    problems = calling.problems_of(wanted)
    assert len(problems) == 1 and re.search(words, problems[0]), problems
    if "no body" not in words:
        with pytest.raises(TemplateError):
            calling.plan_of(wanted)


def test_all_problems_at_once() -> None:
    """An editor sees everything that is wrong, not the first thing."""
    wanted = params("ftp://x/", "{", headers=[("Host", "x")], keep=[("", "x")])
    assert len(calling.problems_of(wanted)) == 4


def test_a_secret_that_went_away(settings: Any) -> None:
    """A plan that was read is read again when the secrets of the site change."""
    wanted = params("https://e.com/", headers=[("Authorization", "{{ secret.crm_token }}")])
    assert calling.problems_of(wanted) == []
    calling.plan_of(wanted)
    settings.JOURNEYS_SECRETS = {}
    assert "no secret" in calling.problems_of(wanted)[0]
    with pytest.raises(TemplateError):
        calling.plan_of(wanted)
