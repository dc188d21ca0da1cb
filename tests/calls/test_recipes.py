"""The recipes of docs/calls.md, made by a campaign to a real server that plays the other system."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from standardwebhooks.webhooks import Webhook

from tests.calls.making import step
from tests.calls.server import Asked, Reply, Server
from tests.scenarios.story import Person, Story, on_event, send
from tests.support.processes import ROOT
from wagtail_journeys.calls.models import Call

pytestmark = pytest.mark.django_db

RECIPES: dict[str, dict[str, Any]] = {
    name: json.loads(text)
    for name, text in re.findall(
        r"^```json recipe (\w+)\n(.*?)^```$", (ROOT / "docs/calls.md").read_text(), re.DOTALL | re.MULTILINE
    )
}


@pytest.fixture(autouse=True)
def _secrets(settings: Any, server: Server) -> None:
    settings.JOURNEYS_SECRETS = {
        "crm_token": "crm-token",
        "sms_key": "sms-key",
        "chat_hook": "T0/B1/xyz",
        "signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }


def recipe(name: str, server: Server) -> dict[str, Any]:
    """The stored block of a recipe, its host being the test's server."""
    written = dict(RECIPES[name])
    url = re.sub(r"^https://[^/]+", server.url, written.pop("url"))
    document, form = written.pop("json", None), written.pop("form", None)
    body = document if form is None else list(form.items())
    for field in ("headers", "keep"):
        if field in written:
            written[field] = list(written[field].items())
    return step(url, body, **written)


def run(*steps: dict[str, Any], **contact: Any) -> Person:
    story = Story()
    story.campaign("Care tips", on_event("document_download"), *steps)
    person = story.visitor("mila@example.com")
    person.says(**contact)
    person.did("document_download", properties={"document_title": "Teak"})
    story.run()
    return person


def test_crm(server: Server) -> None:
    """Two contacts with one address are one in the CRM; its number is in the email afterwards."""
    records: dict[str, dict[str, Any]] = {}

    def crm(asked: Asked) -> Reply:
        if asked.headers["Authorization"] != "Bearer crm-token":
            return Reply(401)
        email = unquote(asked.path.removeprefix("/v1/contacts/"))
        new = email not in records
        records.setdefault(email, {"id": len(records) + 100}).update(asked.json)
        return Reply(201 if new else 200, json.dumps({"data": {"id": records[email]["id"]}}).encode())

    server.usual = crm
    story = Story()
    template = story.template("Your number: {{ journey.crm_id }}")
    story.campaign("CRM", on_event("order"), recipe("crm", server), send(template), frequency="always")
    mila = story.visitor("mila@example.com")
    mila.says(first_name="Mila")
    for _order in range(2):
        mila.did("order")
        story.after(minutes=5)
    assert records == {
        "mila@example.com": {
            "id": 100,
            "email": "mila@example.com",
            "first_name": "Mila",
            "points": 0,
            "source": "website",
        }
    }
    assert mila.mails() == ["Your number: 100"] * 2


def test_sms(server: Server) -> None:
    """One SMS for whoever has a number; an answer that never comes does not send a second one."""
    run(recipe("sms", server), first_name="Mila", phone="+31 6 12")
    (asked,) = server.asked
    assert asked.headers["X-Api-Key"] == "sms-key"
    assert asked.form["to"] == ["+31 6 12"] and asked.form["text"][0].startswith("Hello ")


@pytest.mark.parametrize(
    ("phone", "state", "asked"), [({"phone": "+31"}, Call.State.UNKNOWN, 1), ({}, Call.State.FAILED, 0)]
)
def test_no_second_sms(server: Server, phone: dict[str, str], state: str, asked: int) -> None:
    """A gateway that hangs is not asked twice, and one without a number not at all; both contacts go on."""
    server.usual = server.hang()
    person = run(recipe("sms", server), **phone)
    assert (len(server.asked), Call.objects.get().state) == (asked, state)
    assert person.journeys()[0].state == "completed"


def test_chat(server: Server) -> None:
    """The chat checks the signature with the library of Standard Webhooks, and reads one line."""
    run(recipe("chat", server))
    (asked,) = server.asked
    assert asked.path == "/hooks/T0%2FB1%2Fxyz"
    assert asked.json == {"text": "mila@example.com has downloaded “Teak”."}
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    stamp = int(asked.headers["webhook-timestamp"])
    import datetime

    moment = datetime.datetime.fromtimestamp(stamp, datetime.UTC)
    expected = webhook.sign(asked.headers["webhook-id"], moment, asked.body.decode())
    assert asked.headers["webhook-signature"] == expected
