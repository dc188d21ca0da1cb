"""The log of calls, sending again, and trying out."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.calls.making import NOW, Clock, OpenGate, queue, send, step
from tests.calls.server import Reply, Server
from wagtail_journeys.calls import breaker, delivery, outbox, secrets
from wagtail_journeys.calls.models import Call, Stop
from wagtail_journeys.calls.request import Request
from wagtail_journeys.calls.viewsets import EXPLANATIONS
from wagtail_journeys.campaigns.trying import TRY_URL_NAME
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.models import Campaign
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

State = Call.State
LIST = reverse("journeys_calls:index")


def user_with(client: Client, *permissions: str) -> Client:
    """Somebody who may see the admin and these things."""
    user = get_user_model().objects.create_user("editor", "editor@example.com", "secret")
    user.user_permissions.set(
        Permission.objects.filter(
            codename__in=["access_admin", *permissions],
            content_type__app_label__in=["wagtailadmin", "wagtail_journeys"],
        )
    )
    client.force_login(user)
    return client


def page(client: Client, url: str, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == 200, (url, response.status_code)
    return unescape(response.content.decode())


def shown(client: Client, **query: Any) -> list[Call]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["object_list"])


def failed(server: Server, **request: Any) -> Call:
    server.answers = [Reply(400, b'{"error": "no such list"}')]
    (call,) = queue(server.url + "/hook", **request)
    send()
    call.refresh_from_db()
    return call


def test_an_empty_list_says_what_will_be_there(admin_client: Client) -> None:
    """Without calls the list explains itself."""
    assert "No HTTP calls yet" in page(admin_client, LIST)
    assert "No call matches" in page(admin_client, LIST, q="nothing")


def test_filters(admin_client: Client, server: Server, campaign: Campaign) -> None:
    """Calls are found by state, campaign, host, contact, and words."""
    first = failed(server)
    Call.objects.update(campaign=campaign)
    (second,) = queue("https://sms.example.com/send")
    assert shown(admin_client) == [second, first]
    assert shown(admin_client, state="failed") == [first]
    assert shown(admin_client, campaign=campaign.pk) == [first]
    assert shown(admin_client, host="sms") == [second]
    assert shown(admin_client, contact=second.contact.email.upper()) == [second]
    assert shown(admin_client, is_test="true") == []
    assert shown(admin_client, q="hook") == [first]


def test_statements_do_not_grow_with_the_list(admin_client: Client) -> None:
    """The list costs as many statements for forty calls as for two."""
    taken = []
    for number in (2, 38):
        queue("https://sms.example.com/send", number)
        with CaptureQueriesContext(connection) as statements:
            admin_client.get(LIST)
        taken.append(len(statements))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("state", State)
def test_every_state_is_explained(admin_client: Client, state: str) -> None:
    """Whatever has become of a call, its page says it in plain words, with the reason."""
    (call,) = queue("https://sms.example.com/send", body='{"to": 1}', body_kind="json")
    Call.objects.update(state=state, error="because of this")
    text = page(admin_client, reverse("journeys_calls:inspect", args=[call.pk]))
    assert str(EXPLANATIONS[State(state)]) in text and "because of this" in text


def test_no_secret_is_shown(admin_client: Client, server: Server) -> None:
    """Request and answer are shown, secrets are not, nor what looks like one."""
    mark = secrets.mark("crm_token")
    call = failed(
        server,
        headers=(("Authorization", f"Bearer {mark}"), ("X-Api-Key", "typed"), ("X-Site", "shop")),
        body=f'{{"key": "{mark}", "name": "Ann"}}',
        body_kind="json",
    )
    text = page(admin_client, reverse("journeys_calls:inspect", args=[call.pk]))
    assert "Bearer •••crm_token•••" in text and '"name": "Ann"' in text and "shop" in text
    assert "no such list" in text and str(call.uuid) in text
    assert "s3cret" not in text and "typed" not in text and secrets.OPEN not in text


@pytest.mark.parametrize(
    ("permissions", "may_see", "may_retry"),
    [
        ((), False, False),
        (("view_message",), False, False),
        (("view_call",), True, False),
        (("view_call", "retry_call"), True, True),
    ],
)
def test_permissions(
    client: Client, server: Server, permissions: tuple[str, ...], may_see: bool, may_retry: bool
) -> None:
    """Seeing calls and sending them again are permissions of their own."""
    call = failed(server)
    user_with(client, *permissions)
    detail, again = (reverse(f"journeys_calls:{name}", args=[call.pk]) for name in ("inspect", "again"))
    for url in (LIST, detail):
        assert (client.get(url).status_code == 200) is may_see
    if may_see:
        assert ("Send it again" in page(client, detail)) is may_retry
    assert (client.get(again).status_code == 200) is may_retry
    client.post(again)
    call.refresh_from_db()
    assert (call.state == State.QUEUED) is may_retry


def test_sending_again(admin_client: Client, server: Server) -> None:
    """Looking sends nothing; confirming does, once, and is in the log."""
    call = failed(server)
    url = reverse("journeys_calls:again", args=[call.pk])
    assert "Send this call again?" in page(admin_client, url)
    assert len(server.asked) == 1
    admin_client.post(url)
    send(Clock(timezone.now()))
    assert server.by_id == {str(call.uuid): 2}
    assert ModelLogEntry.objects.filter(action="wagtail_journeys.retry_call").count() == 1
    assert "cannot be sent again" in unescape(admin_client.post(url, follow=True).content.decode())


def test_a_perhaps_received_call_warns(admin_client: Client) -> None:
    """Before something could happen twice, the page says so."""
    (call,) = queue("https://sms.example.com/send")
    Call.objects.update(state=State.UNKNOWN)
    assert "may have got it already" in page(admin_client, reverse("journeys_calls:again", args=[call.pk]))


def test_stopped_and_silent(client: Client, admin_client: Client, campaign: Campaign) -> None:
    """The list says which calls are stopped and which hosts do not answer; who may, enables them."""
    (call,) = queue("https://sms.example.com/send")
    Call.objects.update(campaign=campaign, step_id="s1")
    outbox.stop(campaign.pk, "s1", "sms.example.com", "410 Gone", NOW)
    breaker.record([], {"crm.example.com": (9, "No answer in time.")}, NOW)
    text = page(admin_client, LIST)
    assert "Calls to sms.example.com from “Care tips” are stopped" in text
    assert "crm.example.com does not answer" in text
    url = reverse("journeys_calls:enable", args=[Stop.objects.get().pk])
    assert admin_client.get(url).status_code == 405
    stranger = user_with(Client(), "view_call")
    assert "Enable these calls again" not in page(stranger, LIST)
    stranger.post(url)
    assert Stop.objects.exists()
    admin_client.post(url)
    call.refresh_from_db()
    assert (call.state, Stop.objects.exists()) == (State.QUEUED, False)
    assert ModelLogEntry.objects.filter(action="wagtail_journeys.enable_calls").count() == 1


# Trying out -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def drafted(server: Server) -> Campaign:
    """A draft with two calls, one of them in an arm."""
    inner = step(server.url + "/inner", method="PUT")
    campaign = Campaign.objects.create(
        name="Care tips",
        live=False,
        steps=with_ids(
            [
                step(
                    server.url + "/contacts/{{ contact.email }}",
                    {"name": "{{ contact.first_name }}", "plan": "{{ contact.plan }}"},
                    headers=[("Authorization", "Bearer {{ secret.crm_token }}")],
                    sign_with="signing",
                    keep=[("id", "crm_id")],
                ),
                {"type": "branch", "value": {"match": "all", "conditions": [], "yes": [inner], "no": []}},
            ]
        ),
    )
    campaign.save_revision()
    return campaign


def test_the_request_as_it_would_go(admin_client: Client, drafted: Campaign, server: Server) -> None:
    """For a made-up person or a real one; nothing is sent by looking."""
    Contact.objects.create(email="bob@example.com", first_name="Bob", attributes={"plan": "gold"})
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    sample = page(admin_client, url)
    assert "a made-up person" in sample and "ann.jansen%40example.com" in sample and "‹plan›" in sample
    real = page(admin_client, url, contact="bob@example.com")
    assert "bob%40example.com" in real and '"plan": "gold"' in real
    assert (
        "Bearer •••crm_token•••" in real and "signed with the secret signing" in real and "s3cret" not in real
    )
    inner = drafted.raw_steps[1]["value"]["yes"][0]["id"]
    assert f"PUT {server.url}/inner" in page(admin_client, url, step=inner)
    assert "no contact like that" in page(admin_client, url, contact="nobody")
    assert (server.asked, Call.objects.count()) == ([], 0)


def test_trying(admin_client: Client, drafted: Campaign, server: Server) -> None:
    """Sent once on confirmation, shown at once, listed as a test, in the log, and no journey knows of it."""
    server.usual = Reply(201, b'{"id": 7}')
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    step_id = drafted.raw_steps[0]["id"]
    assert "tick the box" in unescape(admin_client.post(url, {"step": step_id}, follow=True).content.decode())
    assert server.asked == []
    response = admin_client.post(url, {"step": step_id, "confirmed": "1"}, follow=True)
    text = unescape(response.content.decode())
    assert "Answer: 201" in text and "journey.crm_id" in text
    (asked,) = server.asked
    assert asked.headers["Authorization"] == "Bearer s3cret-Token/&"
    call = Call.objects.get()
    assert (call.is_test, call.visit_id, call.contact_id, call.answer, call.state) == (
        True,
        None,
        None,
        {"crm_id": 7},
        State.DONE,
    )
    assert shown(admin_client, is_test="true") == [call]
    assert ModelLogEntry.objects.filter(action="wagtail_journeys.try_call").count() == 1
    assert send().claimed == 0


def test_a_test_that_nobody_finished(
    drafted: Campaign, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test whose web process died is shown as perhaps received, and never sent by a cluster."""

    def die(*arguments: object) -> None:
        raise SystemExit

    monkeypatch.setattr(delivery.transport, "send", die)
    request = Request("PUT", server.url + "/", repeatable=True)
    with pytest.raises(SystemExit):
        delivery.try_out(request, drafted.pk, "s", None, NOW)
    delivery.recover(NOW + delivery.lease(), OpenGate())
    assert Call.objects.get().state == State.UNKNOWN
    assert send(Clock(NOW + delivery.lease())).claimed == 0


def test_a_test_that_fails_is_not_tried_again(
    admin_client: Client, drafted: Campaign, server: Server
) -> None:
    """Whatever comes back, a test is over."""
    server.usual = Reply(429)
    inner = drafted.raw_steps[1]["value"]["yes"][0]["id"]
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    text = admin_client.post(url, {"step": inner, "confirmed": "1"}, follow=True).content.decode()
    assert "429" in text
    assert (Call.objects.get().state, Call.objects.get().due_at) == (State.FAILED, None)
    assert "Send it again" not in page(
        admin_client, reverse("journeys_calls:inspect", args=[Call.objects.get().pk])
    )


def test_problems_instead_of_sending(admin_client: Client, drafted: Campaign, server: Server) -> None:
    """What cannot be sent says why: for this contact, or at all."""
    Contact.objects.create(email="bob@example.com", first_name="Bob")
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    text = page(admin_client, url, contact="bob@example.com")
    assert "contact.plan" in text and "Send it now" not in text
    admin_client.post(
        url, {"step": drafted.raw_steps[0]["id"], "contact": "bob@example.com", "confirmed": "1"}
    )
    assert (server.asked, Call.objects.count()) == ([], 0)
    empty = Campaign.objects.create(name="Empty")
    assert "No HTTP call in this campaign" in page(admin_client, reverse(TRY_URL_NAME, args=[empty.pk]))


@pytest.mark.parametrize(
    ("permissions", "may_look", "may_send"),
    [
        (("view_call", "retry_call"), False, False),
        (("change_campaign",), True, False),
        (("publish_campaign",), True, True),
    ],
)
def test_who_may_try(
    client: Client,
    drafted: Campaign,
    server: Server,
    permissions: tuple[str, ...],
    may_look: bool,
    may_send: bool,
) -> None:
    """Editors look, publishers send; somebody who may not see contacts tries with the made-up person only."""
    Contact.objects.create(email="bob@example.com", first_name="Bob")
    user_with(client, *permissions)
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    response = client.get(url)
    assert (response.status_code == 200) is may_look
    if may_look:
        assert ("Send it now" in response.content.decode()) is may_send
        assert "Bob" not in page(client, url, contact="bob@example.com")
    client.post(url, {"step": drafted.raw_steps[0]["id"], "confirmed": "1"})
    assert len(server.asked) == int(may_send)


def test_no_forged_request_sends(drafted: Campaign, server: Server, admin_user: Any) -> None:
    """A form on another site sends nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    for url in (reverse(TRY_URL_NAME, args=[drafted.pk]), LIST):
        assert client.post(url, {"step": drafted.raw_steps[0]["id"], "confirmed": "1"}).status_code == 403
    assert server.asked == []


def test_the_editor_leads_there(admin_client: Client, drafted: Campaign) -> None:
    """The button stands in the editor of a campaign with calls, and in no other."""
    edit = Campaign.snippet_viewset.get_url_name("edit")
    url = reverse(TRY_URL_NAME, args=[drafted.pk])
    assert url in page(admin_client, reverse(edit, args=[drafted.pk]))
    empty = Campaign.objects.create(name="Empty")
    assert reverse(TRY_URL_NAME, args=[empty.pk]) not in page(admin_client, reverse(edit, args=[empty.pk]))
