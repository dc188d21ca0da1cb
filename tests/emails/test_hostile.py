"""Hostile contacts, events and templates: what they say never becomes structure, headers or code."""

from __future__ import annotations

import email
import email.policy
import random
import time
from typing import Any

import pytest

from tests.emails.making import NOW, make_contact, make_template, make_topic, queue, text
from tests.emails.reading import Structure
from tests.emails.test_blocks import block, columns, conditional
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import letters, liquid, rendering
from wagtail_journeys.emails.archive import content
from wagtail_journeys.emails.models import Message
from wagtail_journeys.exceptions import TemplateError

PIECES = [
    "{{ contact.email }}", "{% if true %}", "{% endif %}", "{{", "}}", "{%", "{% raw %}", "{{ 'x' | safe }}", "{# x #}",
    "<script>alert(1)</script>", "</td></tr></table>", "<b>", "</body></html>", "<!--", "-->", "<![endif]-->", "<!--[if mso]>",
    "</mj-text></mj-column>", "<mj-raw>", "<mj-include path='/etc/passwd'/>", "WJHELD0X", "WJTAG0X",
    "\r\nBcc: victim@example.com", "\n\nbody", "\r", "\u2028", "\u2029", "\x0b", "\x85", "\x00", "\x02", "\x03",
    "\u202e", "\u202d", "\u2066", "\u200f", "שלום", "مرحبا", "🧨", "é", "\u0301" * 40, "\ud7ff", "'", '"', "`", "&", "&lt;", "&#x3c;",
    "=?utf-8?q?x?=", "--=_boundary", "Subject: x", "javascript:alert(1)", "' onload='x", '" style="x', "%0d%0a", "\\", "../../",
    "A" * 10_000, "{{" * 3000, "<b>" * 3000,
]  # fmt: skip
NUMBER = 500


def hostile(chance: random.Random) -> str:
    return "".join(chance.choices(PIECES, k=chance.randint(1, 5)))[:10_000]


def template() -> Any:
    tag = "{{ contact.says }}"
    shown = "<p>Hello {{ contact.says }}, <b>{{ contact.first_name }}</b> {{ contact.says | upcase }}</p>"
    return make_template(
        block("heading", words=f"For {tag}", level="1"),
        text(shown),
        block(
            "button",
            words=tag,
            link={"page": None, "document": None, "url": "/x/?a={{ contact.says | url_encode }}"},
        ),
        block("quote", words=tag, who=tag),
        columns([text(shown)], [block("heading", words=tag, level="2")]),
        conditional([text(shown)]),
        {"type": "html", "value": f'<table><tr><td style="color:red">{tag}</td></tr></table>'},
        subject=f"Hi {tag}",
        preheader=tag,
    )


@pytest.mark.django_db
def test_hostile_contacts(settings) -> None:
    """Five hundred contacts say what would break an email. Each letter has the structure and the headers of a harmless
    one's, its words are theirs, and it is shown again in the admin."""
    settings.JOURNEYS_BASE_URL = "https://site.example"
    chance = random.Random(20260302)
    people = [
        Contact(
            email=f"h{number}@example.com",
            first_name=hostile(chance).replace("\x00", "")[:200],
            locale="nl",
            attributes={"says": hostile(chance).replace("\x00", "")},
        )
        for number in range(NUMBER)
    ]
    Contact.objects.bulk_create(
        [*people, Contact(email="fine@example.com", first_name="Ann", locale="nl", attributes={"says": "x"})]
    )
    contacts = list(Contact.objects.order_by("pk"))
    messages = queue(template(), *contacts, topic=make_topic())
    written = letters.write(messages, NOW)
    # What is too long for a subject or a value stops its own message, with a reason.
    assert all(written.failed.values()) and len(written.letters) > NUMBER * 0.9
    *_rest, harmless = written.letters
    expected = Structure(harmless.html)
    assert expected.wrong == []
    said = {one.email: one.attributes["says"] for one in contacts}
    for letter in written.letters:
        found = Structure(letter.html)
        assert found.wrong == [] and found.tags == expected.tags, ascii(said[letter.to])
        received = email.message_from_bytes(letter.as_bytes(NOW), policy=email.policy.default)
        assert received.defects == [] and received.keys() == [
            "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
            "MIME-Version", "Content-Type",
        ]  # fmt: skip
        assert received["To"] == letter.to and [
            part.get_content_type() for part in received.iter_parts()
        ] == [
            "text/plain",
            "text/html",
        ]
        assert "\n" not in received["Subject"] and "victim@example.com" not in str(received["Bcc"])
        assert "secret" not in letter.html
    kept = {one.pk: one for one in Message.objects.select_related("version")}
    assert content(kept[harmless.message]).problem == ""
    assert all(content(kept[letter.message]).problem == "" for letter in written.letters[:20])


BOMBS = [
    '{{ (1..100000000) | join: "," }}',
    "{% for a in (1..900) %}{% for b in (1..900) %}{% for c in (1..900) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}",
    "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | replace: '', x %}" * 10 + "{{ x }}",
    "{% capture x %}"
    + "a" * 1000
    + "{% endcapture %}"
    + "{% capture x %}{{ x }}{{ x }}{% endcapture %}" * 30,
    "{{ 9 | times: 99999999999999 }}" * 3
    + "{% assign n = 9 %}"
    + "{% assign n = n | times: n %}" * 40
    + "{{ n }}",
    "{% if true %}" * 30 + "x" + "{% endif %}" * 30,
    "{{ contact.says | split: '' | join: contact.says }}",
    "{{ contact.says | replace: 'a', contact.says }}",
    "{{ 'x' | truncate: 999999999, contact.says }}{{ contact.says | slice: 0, 999999999 }}{{ contact.says | strip_html }}",
    "{% for a in (1..1000) %}{{ contact.says }}{% endfor %}",
]


@pytest.mark.parametrize("source", BOMBS)
def test_hostile_templates(source: str) -> None:
    """A template that would take minutes or gigabytes is stopped at once, or is harmless after all."""
    begun = time.process_time()
    try:
        parsed = liquid.parse("", "", source, source)
        site = {"name": "x", "root_url": "https://site.example"}
        rendered = liquid.fill_in(parsed, {"contact": {"says": "a<" * 5000}, "site": site}, {})
        assert len(rendered.html) <= liquid.MAX_OUTPUT
    except TemplateError as error:
        assert str(error)
    assert time.process_time() - begun < 2


@pytest.mark.django_db
def test_hostile_words_of_the_step() -> None:
    """Defaults and mappings that a step gives are words and paths, whatever they say."""
    made = make_template(text("<p>{{ contact.a }} {{ contact.b }}</p>"))
    (message,) = queue(
        made,
        make_contact(),
        merge={
            "defaults": {"contact.a": "<script>{{ contact.email }}"},
            "mapping": {"contact.b": "contact.__class__"},
        },
    )
    with pytest.raises(TemplateError, match=r"contact\.b"):
        versions = rendering.choose_versions([message])
        rendering.render(
            versions[message.pk],
            rendering.build_contexts([message], versions, NOW)[message.pk],
            message.merge,
        )
    message.merge["defaults"]["contact.b"] = ""
    rendered = rendering.render(
        versions[message.pk], rendering.build_contexts([message])[message.pk], message.merge
    )
    assert "&lt;script&gt;{{ contact.email }}" in rendered.html
