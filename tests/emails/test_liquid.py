from __future__ import annotations

from typing import Any

import pytest

from wagtail_journeys.emails import liquid
from wagtail_journeys.exceptions import MissingValue, TemplateError


def render(source: str, **contact: Any) -> str:
    part = liquid.parse_part(liquid.HTML, source)
    return liquid.render_part(
        part, {"contact": contact, "event": {}, "site": {"root_url": "https://site.example"}}
    )


def fill_in(
    subject: str, defaults: dict[str, str] | None = None, html: str = "", **contact: Any
) -> liquid.Rendered:
    parsed = liquid.parse(subject, "", html, "")
    context = {"contact": contact, "event": {}, "site": {"name": "Site", "root_url": "https://site.example"}}
    return liquid.fill_in(parsed, context, defaults or {})


@pytest.mark.parametrize(
    "hostile",
    [
        "</mj-text><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ contact.email }}{% raw %}",
        "' onmouseover='alert(1)",
    ],
)
def test_values_are_text(hostile: str) -> None:
    """A contact's value is printed as text: it adds no HTML and is not read as Liquid."""
    output = render(
        '<p title="{{ contact.name }}">{{ contact.name }}</p>', name=hostile, email="secret@example.com"
    )
    assert output.count("<") == 2
    assert "secret@example.com" not in output
    assert output.count('"') == 2


@pytest.mark.parametrize(
    "source",
    [
        '{{ (1..100000000) | join: "," }}',
        '{% assign s = "' + "a" * 300 + '" %}' + '{% assign s = s | replace: "", s %}' * 3,
        '{% assign s = "'
        + "a" * 300
        + '" %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}',
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
        '{% assign a = "a,b" | split: "," %}{% for i in (1..40) %}{% assign a = a | concat: a %}{% endfor %}',
        "{{ 9 | times: 99999999999999999999999999999999999999999999999999999999999999999999999999999999999 }}",
    ],
)
def test_limits(source: str) -> None:
    """A template that would take minutes or gigabytes is stopped at once."""
    with pytest.raises(TemplateError):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ contact.first_name",
        "{% if contact.x %}never ended",
        "{{ contact.first_name | nonsense }}",
        "{{ contact.first_name | safe }}",
        '{% include "file" %}',
        '{% render "file" %}',
        "{% increment x %}",
        "{{ password }}",
        "{{ contact }}",
        "{{ contact[event.name] }}",
    ],
)
def test_mistakes_are_words(source: str) -> None:
    """What is not a merge tag is a sentence for the editor, one line long."""
    words = liquid.problem(source)
    assert words
    assert "\n" not in words


@pytest.mark.parametrize(
    "source",
    [
        "",
        "plain",
        "{{ contact.first_name }}",
        '{{ contact.first_name | default: "there" | upcase }}',
        "{% if contact.points > 3 %}a{% elsif event.name == 'x' %}b{% endif %}",
        '{% for item in event["order lines"] %}{{ item.title }}{{ forloop.index }}{% endfor %}',
        "{% assign city = contact.attributes.city %}{{ city }}",
    ],
)
def test_fine(source: str) -> None:
    """The merge tags that the documentation names are accepted."""
    assert liquid.problem(source) == ""


def test_missing_value_names_the_tag() -> None:
    """A tag without value and without default is refused by its name, wherever it stands."""
    for source in ("{{ contact.first_name }}", "{{ contact.first_name | upcase }}"):
        with pytest.raises(MissingValue, match=r"contact\.first_name"):
            fill_in(source, first_name="")
    with pytest.raises(MissingValue, match=r"contact\.address\.city"):
        fill_in("{{ contact.address.city }}", address={"street": "x"})


def test_defaults() -> None:
    """A default stands in for a missing or empty value, an explicit blank prints nothing, a value wins."""
    assert fill_in("Hi {{ contact.first_name }}!", {"contact.first_name": "there"}).subject == "Hi there!"
    assert fill_in("Hi {{ contact.first_name }}!", {"contact.first_name": ""}).subject == "Hi !"
    assert (
        fill_in("Hi {{ contact.first_name }}!", {"contact.first_name": "there"}, first_name="Ann").subject
        == "Hi Ann!"
    )
    assert fill_in("{% if contact.x %}yes{% else %}no{% endif %}", {"contact.x": ""}).subject == "no"
    assert fill_in('{{ contact.x | default: "you" }}', {}).subject == "you"
    assert fill_in("{{ contact.address.city }}", {"contact.address.city": "Delft"}).subject == "Delft"


def test_false_and_zero_are_values() -> None:
    """Only nothing is nothing: zero and false are printed."""
    assert fill_in("{{ contact.points }} {{ contact.vip }}", points=0, vip=False).subject == "0 false"


def test_subject_is_one_line() -> None:
    """No value can break the subject into a second line."""
    assert fill_in("Hi {{ contact.x }}", x="a\r\nBcc: b\u2028c\td").subject == "Hi a Bcc: b c d"


def test_only_named_values_are_kept() -> None:
    """The values kept with a message are those that it used, and render it again."""
    first = fill_in(
        "{{ contact.x }} {{ contact.deep.y }}",
        html="{{ contact.x }}",
        x="1",
        deep={"y": "2", "z": "3"},
        s="4",
    )
    assert first.context_used["contact"] == {"x": "1", "deep": {"y": "2"}}
    parsed = liquid.parse("{{ contact.x }} {{ contact.deep.y }}", "", "{{ contact.x }}", "")
    assert liquid.fill_in(parsed, first.context_used, {}).subject == first.subject


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://elsewhere.example/a?b=1&c", "https://elsewhere.example/a?b=1&amp;c"),
        ("/documents/3/", "https://site.example/documents/3/"),
        ("mailto:ann@example.com", "mailto:ann@example.com"),
    ],
)
def test_links_from_values(url: str, expected: str) -> None:
    """A merge tag may be a whole link; a path leads to the site."""
    assert render("{{ contact.url | safe_url }}", url=url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "java\nscript:x",
        "https:",
        "x",
    ],
)
def test_bad_links_from_values(url: str) -> None:
    """A value that is no link to a web page, an address or a telephone stops the message."""
    with pytest.raises(TemplateError):
        render("{{ contact.url | safe_url }}", url=url)


def test_no_html_in_merge_tags() -> None:
    """Quoted words inside Liquid cannot bring in HTML that nobody sanitised."""
    with pytest.raises(TemplateError):
        liquid.parse("", "", "{{ contact.x | default: '<script>' }}", "")


def test_words_of_others() -> None:
    """Braces in a page's title are printed, not read."""
    for title in ("{{ contact.email }}", "{% if x %}", "{{{", "a { b", "{{"):
        assert render(liquid.literal(title)) == title
