"""What is wrong with the machinery is said, with what to do; nothing is said that is not wrong."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.reporting import rows
from wagtail_journeys import jobs, pipeline
from wagtail_journeys.calls.models import Breaker, Call, Stop
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.emails.traffic import Feedback, MailServer
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.events.models import Heartbeat, InboxItem
from wagtail_journeys.journeys.models import EnrolRequest, Journey, PendingEntry
from wagtail_journeys.reporting import health
from wagtail_journeys.segments.models import Segment

pytestmark = pytest.mark.django_db

NOW = rows.START


def ago(**duration: float) -> datetime.datetime:
    return NOW - datetime.timedelta(**duration)


@pytest.fixture
def working(db: None) -> None:
    """A cluster has just looked, and its schedule is in place."""
    jobs.ensure_schedules()
    beating(NOW)


def beating(at: datetime.datetime) -> None:
    for name in ("tick", "pulse", "sweep"):
        Heartbeat.objects.update_or_create(pk=name, defaults={"at": at})


def keys(now: datetime.datetime = NOW) -> list[str]:
    return [finding.key for finding in health.look(now).findings]


def test_where_all_is_well_nothing_is_said(working: None) -> None:
    """A cluster that has just looked, an empty inbox and waits that are not over are no findings."""
    rows.journey(rows.campaign(live=True), rows.contact(), step_id="wait", due_at=rows.at(60))
    assert health.look(NOW).findings == ()
    assert health.look(NOW).status == "ok"


def test_a_cluster_that_was_killed_is_reported_within_the_limit(working: None) -> None:
    """Nobody looks any more: three minutes later it is an error that says what to start; one look ends it."""
    pipeline.tick(NOW)
    killed = NOW
    limit = datetime.timedelta(seconds=conf.HEALTH_HEARTBEAT)

    assert keys(killed + limit) == []
    (found,) = health.look(killed + limit + datetime.timedelta(seconds=1)).findings
    assert (found.key, found.level) == ("cluster", "error")
    assert found.text == "No cluster has looked at the queues for 3 min."
    assert "manage.py qcluster" in found.todo

    later = killed + 2 * limit
    beating(later)
    assert keys(later) == []


def test_a_site_whose_cluster_was_never_started(db: None) -> None:
    """A fresh site without a cluster and without a schedule hears of both."""
    assert keys() == ["cluster", "schedule"]


def test_an_alarm_clock_that_stands_still(working: None) -> None:
    """Events still wake the cluster, but nobody looks by the clock."""
    Heartbeat.objects.filter(pk="pulse").update(at=ago(hours=1))
    assert keys() == ["alarm_clock"]


def overdue_journey() -> None:
    rows.journey(rows.campaign(live=True), rows.contact(), step_id="wait", due_at=ago(minutes=6))


def overdue_leaving() -> None:
    rows.journey(rows.campaign(live=True), rows.contact(), step_id="wait", leave_at=ago(minutes=6))


def overdue_entry() -> None:
    PendingEntry.objects.create(
        campaign=rows.campaign(live=True),
        contact=rows.contact(),
        event_id=1,
        created_at=ago(hours=1),
        deadline=ago(minutes=6),
    )


def unfinished_enrolment() -> None:
    EnrolRequest.objects.create(
        campaign=rows.campaign(live=True), key="enrol:1", source="segment", created_at=ago(minutes=6)
    )


def waiting_event() -> None:
    accept(Incoming(source="test", name="x", message_id="1", occurred_at=NOW), ago(minutes=6))


def dead_letter() -> None:
    InboxItem.objects.create(partition=1, received_at=ago(hours=1), payload={}, dead_at=ago(hours=1))


def late_sweep() -> None:
    Heartbeat.objects.filter(pk="sweep").update(at=ago(hours=1))


def late_rebuild() -> None:
    Segment.objects.create(name="Readers", rebuild_requested_at=ago(minutes=6))


def message(state: str, **fields: Any) -> Message:
    through = rows.journey(rows.campaign(live=True), rows.contact())
    return rows.message(rows.visit(through, "send"), through.contact, state, **fields)


def begun_message() -> None:
    message("handing_over", due_at=ago(minutes=6))


def late_message() -> None:
    message("queued", due_at=ago(minutes=6))


def unknown_message() -> None:
    message("unknown")


def silent_mail_server() -> None:
    MailServer.objects.create(
        key="mail:25", failures=3, opened_at=ago(minutes=1), open_until=NOW, error="refused"
    )
    late_message()  # waits for it, which is no error of its own


def late_report() -> None:
    Feedback.objects.create(
        provider="postmark",
        event_id="1",
        kind="hard",
        happened_at=NOW,
        received_at=NOW,
        due_at=ago(minutes=6),
    )


def failing_messages() -> None:
    for number in range(20):
        message("failed" if number < 2 else "sent")


def call(state: str, **fields: Any) -> None:
    Call.objects.create(method="POST", url="https://crm.example.com", state=state, created_at=NOW, **fields)


def begun_call() -> None:
    call("sending", due_at=ago(minutes=6))


def late_call() -> None:
    call("queued", due_at=ago(minutes=6))


def unknown_call() -> None:
    call("unknown")


def silent_host() -> None:
    Breaker.objects.create(host="crm.example.com", failures=5, opened_at=ago(minutes=1))
    call("queued", due_at=ago(minutes=6), host="crm.example.com")


def held_calls() -> None:
    Stop.objects.create(
        campaign=rows.campaign(), step_id="x", host="crm.example.com", reason="410", since=ago(days=9)
    )


def notice(state: str, **fields: Any) -> None:
    Notice.objects.create(
        recipients="a@example.com", subject="x", text="x", state=state, created_at=NOW, **fields
    )


def late_notice() -> None:
    notice("queued", due_at=ago(minutes=6))


def late_question() -> None:
    SignUp.objects.create(
        address="ada@example.com",
        address_hash="x",
        source="sign_up",
        created_at=ago(minutes=6),
        due_at=ago(minutes=6),
    )


def failed_notice() -> None:
    notice("failed")


PROBLEMS: dict[str, tuple[str, Callable[[], None]]] = {
    "journeys": ("error", overdue_journey),
    "leaving": ("error", overdue_leaving),
    "pending": ("error", overdue_entry),
    "enrolments": ("error", unfinished_enrolment),
    "inbox": ("error", waiting_event),
    "dead_letters": ("warning", dead_letter),
    "sweep": ("error", late_sweep),
    "segments": ("error", late_rebuild),
    "hand_overs": ("error", begun_message),
    "messages": ("error", late_message),
    "unknown_messages": ("warning", unknown_message),
    "mail_server": ("error", silent_mail_server),
    "reports": ("error", late_report),
    "failed_messages": ("warning", failing_messages),
    "calls_begun": ("error", begun_call),
    "calls": ("error", late_call),
    "unknown_calls": ("warning", unknown_call),
    "breakers": ("warning", silent_host),
    "held_calls": ("warning", held_calls),
    "notices": ("error", late_notice),
    "failed_notices": ("warning", failed_notice),
    "sign_ups": ("error", late_question),
}


@pytest.mark.parametrize("key", PROBLEMS)
def test_each_problem_is_found(working: None, key: str) -> None:
    """One thing is wrong: it is named, and nothing else is."""
    level, make = PROBLEMS[key]
    make()
    (found,) = health.look(NOW).findings
    assert (found.key, found.level) == (key, level)
    assert found.text and found.todo
    assert found.value > found.limit


def test_what_is_parked_is_not_late(working: None) -> None:
    """Journeys and messages of a paused campaign, and of one that is not live, wait on purpose."""
    for fields in ({"live": True, "state": "paused"}, {"live": False}):
        through = rows.journey(rows.campaign(**fields), rows.contact(), step_id="wait", due_at=ago(days=1))
        rows.message(rows.visit(through, "send"), through.contact, "queued", due_at=ago(days=1))
    assert keys() == []


def test_what_is_old_is_not_told_for_ever(working: None) -> None:
    """A message of last week of which nobody knows whether it was sent is in its list, and no finding any more."""
    message("unknown", created=-60 * 24 * 7)
    assert keys() == []


def test_limits_are_settings(working: None, settings: Any) -> None:
    """A site that may be late says so."""
    overdue_journey()
    dead_letter()
    assert keys() == ["dead_letters", "journeys"]
    settings.JOURNEYS_HEALTH_LATE = 3600
    settings.JOURNEYS_HEALTH_DEAD_LETTERS = 10
    assert keys() == []


def test_statements_are_few_whatever_there_is(working: None) -> None:
    """A site with every problem a hundred times is looked at with as many statements as an empty one."""
    with CaptureQueriesContext(connection) as few:
        health.look(NOW)
    for _level, make in PROBLEMS.values():
        if make is not silent_host:
            make()
    for number in range(100):
        overdue_journey()
        late_message()
        accept(Incoming(source="test", name="x", message_id=f"m{number}", occurred_at=NOW), NOW)
    with CaptureQueriesContext(connection) as many:
        found = health.look(NOW)
    assert len(found.findings) >= 15
    assert len(few) == len(many) <= 25


# For monitors ---------------------------------------------------------------------------------------------------------

URL = "wagtail_journeys:health"


def broken_site() -> None:
    """A contact with a name and an address, whom something is wrong with."""
    through = rows.journey(
        rows.campaign("Secret plans", live=True),
        rows.contact("ada@example.com", first_name="Ada"),
        step_id="wait",
        due_at=timezone.now() - datetime.timedelta(hours=1),
    )
    sent = rows.message(rows.visit(through, "send"), through.contact, "unknown", subject="Hello Ada")
    Message.objects.filter(pk=sent.pk).update(created_at=timezone.now())


def test_strangers_learn_nothing(client: Client, settings: Any, django_user_model: Any) -> None:
    """Without the token, and without permission, the address says nothing but no."""
    settings.JOURNEYS_HEALTH_TOKEN = "open-sesame"
    client.force_login(django_user_model.objects.create_user("mila"))
    for given in ({}, {"token": ""}, {"token": "wrong"}):
        response = client.get(reverse(URL), given)
        assert (response.status_code, response.json()) == (403, {"status": "forbidden"})


def test_without_a_token_in_the_settings_no_token_opens(client: Client) -> None:
    """An empty setting is not an empty token."""
    assert client.get(reverse(URL), headers={"Authorization": "Bearer "}).status_code == 403
    assert client.get(reverse(URL), {"token": ""}).status_code == 403


@pytest.mark.parametrize(
    "shown",
    [{"headers": {"Authorization": "Bearer open-sesame"}}, {"query_params": {"token": "open-sesame"}}],
)
def test_a_monitor_is_told(client: Client, settings: Any, shown: dict[str, Any]) -> None:
    """503 with what is wrong and no word about who it concerns; 200 once all is well."""
    settings.JOURNEYS_HEALTH_TOKEN = "open-sesame"
    broken_site()
    response = client.get(reverse(URL), **shown)
    assert response.status_code == 503
    assert [finding["key"] for finding in response.json()["findings"]] == [
        "cluster",
        "schedule",
        "journeys",
        "unknown_messages",
    ]
    for word in ("ada", "Ada", "Secret"):
        assert word not in response.content.decode()

    Journey.objects.all().delete()
    jobs.ensure_schedules()
    beating(timezone.now())
    response = client.get(reverse(URL), **shown)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert "no-store" in response.headers["Cache-Control"]


def test_a_colleague_may_look(admin_client: Client) -> None:
    """Who may edit campaigns sees the same without a token."""
    assert admin_client.get(reverse(URL)).json()["status"] == "error"


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command(form: str) -> None:
    """It says what is wrong and what to do, and ends with 2 on errors, 1 on warnings, 0 otherwise."""

    def run() -> tuple[int, str]:
        out = io.StringIO()
        try:
            call_command("journeys_health", format=form, stdout=out, no_color=True)
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
        return 0, out.getvalue()

    code, said = run()
    assert code == 2
    assert "No cluster has ever looked at the queues." in said
    assert "manage.py qcluster" in said
    jobs.ensure_schedules()
    beating(timezone.now())
    dead_letter()
    code, said = run()
    assert code == 1
    InboxItem.objects.all().delete()
    code, said = run()
    assert code == 0
    if form == "json":
        assert json.loads(said)["findings"] == []
    else:
        assert said == "Everything moves.\n"


# For colleagues -------------------------------------------------------------------------------------------------------


def test_the_home_page_of_the_admin_warns(admin_client: Client) -> None:
    """Whoever may do something about it reads on the home page that nothing moves, and what to start."""
    page = admin_client.get(reverse("wagtailadmin_home")).content.decode()
    assert "Journeys stand still or are late" in page
    assert "manage.py qcluster" in page


def test_the_home_page_is_quiet_when_all_is_well(admin_client: Client) -> None:
    """No finding, no panel."""
    jobs.ensure_schedules()
    beating(timezone.now())
    assert "wj-health" not in admin_client.get(reverse("wagtailadmin_home")).content.decode()


def test_the_home_page_says_nothing_to_others(client: Client, django_user_model: Any) -> None:
    """An editor of pages, who can do nothing about it, is not bothered."""
    from django.contrib.auth.models import Permission

    editor = django_user_model.objects.create_user("mila")
    editor.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(editor)
    response = client.get(reverse("wagtailadmin_home"))
    assert response.status_code == 200
    assert "wj-health" not in response.content.decode()


def test_the_home_page_does_not_look_each_time(admin_client: Client) -> None:
    """What was found is kept for half a minute: a second page asks nothing of our tables."""
    admin_client.get(reverse("wagtailadmin_home"))
    with CaptureQueriesContext(connection) as statements:
        admin_client.get(reverse("wagtailadmin_home"))
    assert not [query for query in statements if "wagtail_journeys_heartbeat" in query["sql"]]
