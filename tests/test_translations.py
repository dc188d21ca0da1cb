"""The catalogues of the package hold every string there is, whole, and say what they should where people read it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext, ngettext
from django.utils.translation.template import templatize

from tests.emails.making import grant, make_contact, make_template, make_topic, queue
from tests.scenarios.story import Story, attribute, belongs, branch, did, leave, send, speaks, update, wait
from tests.support.messages import PACKAGE
from wagtail_journeys.campaigns import steps, triggers
from wagtail_journeys.emails.composing import compose
from wagtail_journeys.emails.links import unsubscribe_url
from wagtail_journeys.segments import compiler

CATALOGUES = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\{.*?\}\}|</?\w+>")
LITERAL = r"""(u?'(?:\\.|[^'\\])*'|u?"(?:\\.|[^"\\])*")"""
IN_TEMPLATES = re.compile(rf"\b(_|p?n?gettext)\(\s*{LITERAL}(?:,\s*{LITERAL})?")
ONE = {"_", "_t", "gettext", "gettext_lazy"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}

#: A context, a string, its plural; None where there is none.
Key = tuple[str | None, str, str | None]

catalogue = pytest.mark.parametrize("po", CATALOGUES, ids=lambda path: path.parts[-3])


def key(function: str, texts: list[str]) -> Key:
    if function in CONTEXT:
        return texts[0], texts[1], None
    return None, texts[0], texts[1] if function in PLURAL else None


def in_python(path: Path) -> set[Key]:
    found: set[Key] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = node.func.id
            if function in ONE | PLURAL | CONTEXT:
                texts = node.args[: 1 if function in ONE else 2]
                # A name instead of the words would never be found by the tools that collect them.
                assert all(isinstance(text, ast.Constant) for text in texts), f"{path}:{node.lineno}"
                found.add(key(function, [text.value for text in texts]))
    return found


def in_template(path: Path) -> set[Key]:
    calls = IN_TEMPLATES.findall(templatize(path.read_text(), origin=str(path)))
    return {key(function, [ast.literal_eval(text) for text in texts if text]) for function, *texts in calls}


def strings() -> set[Key]:
    """Every translatable string of the package."""
    found: set[Key] = set()
    for path in PACKAGE.rglob("*.py"):
        found |= in_python(path)
    for path in (PACKAGE / "templates").rglob("*.*"):
        found |= in_template(path)
    return found


@catalogue
def test_a_catalogue_holds_every_string_and_no_other(po: Path):
    """What the package says is in the catalogue, and what it no longer says is not: `make messages` collects both."""
    entries = {(entry.msgctxt, entry.msgid, entry.msgid_plural or None) for entry in polib.pofile(str(po))}
    assert strings() - entries == set()
    assert entries - strings() == set()


@catalogue
def test_a_catalogue_is_complete(po: Path):
    """Nothing is left empty, unsure or lying about."""
    found = polib.pofile(str(po))
    assert [entry.msgid for entry in found.untranslated_entries()] == []
    assert [entry.msgid for entry in found.fuzzy_entries()] == []
    assert [entry.msgid for entry in found.obsolete_entries()] == []


@catalogue
def test_a_translation_keeps_every_placeholder(po: Path):
    """Placeholders, merge tags and markup are the same in a string and its translation; the words of a default are words."""

    def placeholders(text: str) -> list[str]:
        return sorted(re.sub(r"'[^']*'", "''", found) for found in PLACEHOLDER.findall(text))

    wrong = []
    for entry in polib.pofile(str(po)):
        pairs = [(entry.msgid, entry.msgstr)]
        if entry.msgid_plural:
            pairs = [(entry.msgid, entry.msgstr_plural[0])]
            pairs += [(entry.msgid_plural, entry.msgstr_plural[n]) for n in sorted(entry.msgstr_plural) if n]
        wrong += [pair for pair in pairs if placeholders(pair[0]) != placeholders(pair[1])]
    assert wrong == []


@catalogue
def test_a_translation_begins_and_ends_like_its_string(po: Path):
    """Spaces at the edges and the full stop at the end of a sentence are part of it."""
    wrong = [
        entry.msgid
        for entry in polib.pofile(str(po))
        if not entry.msgid_plural
        and (
            entry.msgid.endswith(".") != entry.msgstr.endswith(".")
            or entry.msgid.strip() != entry.msgid
            or entry.msgstr.strip() != entry.msgstr
        )
    ]
    assert wrong == []


@catalogue
def test_the_compiled_catalogue_is_that_of_its_source(po: Path):
    """The .mo says what the .po says."""
    compiled = {
        (entry.msgctxt, entry.msgid, entry.msgid_plural): entry
        for entry in polib.mofile(str(po.with_suffix(".mo")))
    }
    source = {(entry.msgctxt, entry.msgid, entry.msgid_plural): entry for entry in polib.pofile(str(po))}
    assert compiled.keys() == source.keys()
    assert [
        key
        for key, entry in source.items()
        if (entry.msgstr, entry.msgstr_plural) != (compiled[key].msgstr, compiled[key].msgstr_plural)
    ] == []


def test_there_is_a_dutch_catalogue():
    """The tests above look at something."""
    assert "nl" in [po.parts[-3] for po in CATALOGUES]


def test_dutch_has_its_plurals():
    """One is one, none and many are many."""
    with translation.override("nl"):
        counted = [ngettext("wait %d day", "wait %d days", n) % n for n in (0, 1, 2)]
    assert counted == ["wacht 0 dagen", "wacht 1 dag", "wacht 2 dagen"]


def test_a_dutch_contact_unsubscribes_in_dutch(db: None, client: Client):
    """The page, its button and what it says afterwards are in the contact's language, whatever the browser's."""
    contact, topic = make_contact(locale="nl-be"), make_topic()
    grant(topic, contact)
    (message,) = queue(make_template(), contact, topic=topic)
    link = unsubscribe_url(message.uuid, "")
    page = client.get(link, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="nl">' in page
    assert f"{topic} niet meer ontvangen?" in page
    assert "Afmelden</button>" in page
    after = client.post(link, {"action": "stop"}, headers={"Accept-Language": "en"}).content.decode()
    assert "Je bent afgemeld" in after
    assert "Unsubscribe" not in page + after


def test_the_footer_of_a_dutch_email_is_dutch(db: None):
    """The words that the package adds to an email are in the email's language, in HTML and in plain text."""
    source = compose(make_template(language="nl", compiled=False))
    for part in (source.html, source.text):
        assert "Wil je deze e-mails liever niet ontvangen?" in part
        assert "Afmelden" in part
        assert "Unsubscribe" not in part


def test_conditions_speak_dutch(db: None):
    """The sentence of a rule is in the reader's language, whatever the language it was written in."""
    segment = Story().segment("Lezers", speaks("nl"))
    rules = [speaks("nl"), did("page_view", count=2, days=30), belongs(segment, "not_in")]
    with translation.override("nl"):
        assert compiler.describe("all", rules) == (
            "taal is “nl” en bekeek een pagina minstens 2 keer in de laatste 30 dagen "
            "en zit niet in segment “Lezers”"
        )
        assert compiler.describe(
            "any", [attribute("external_id", "exists"), did("login", did="did_not")]
        ) == ("extern id is bekend of nooit: logde in")
        assert compiler.describe("none", [speaks("en")]) == "geen van: taal is “en”"


def test_steps_and_triggers_speak_dutch(db: None):
    """So does the sentence of a step or a trigger."""
    template = Story().template("Tips")

    def words(block: dict) -> str:
        return steps.registry[block["type"]].describe(block["value"])

    with translation.override("nl"):
        assert words(wait(1, "days", at="09:00:00")) == "wacht 1 dag tot 09:00"
        assert words(send(template, speaks("nl"))) == "verstuur “Tips” als taal is “nl”"
        assert words(branch(speaks("nl"))) == "als: taal is “nl”"
        assert words(update("points", "increment", "5")) == "punten: verhogen met “5”"
        assert words(leave("klaar")) == "stop: klaar"
        event = {"event": "document_download", "properties": []}
        assert triggers.registry["event"].describe(event) == "downloadde een document"


def test_english_stays_english():
    """A catalogue changes nothing for readers of another language."""
    with translation.override("en"):
        assert gettext("Topics") == "Topics"
