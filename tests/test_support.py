"""The tools of the other tests do what they promise: what they count and wait for is real."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from playwright.sync_api import BrowserContext, expect
from wagtail.models import Page

from tests.support import services
from tests.support.browsing import Errors, browsing, log_in
from tests.support.cluster import RunningCluster
from tests.support.database import Database
from tests.support.mail import MailServer
from tests.support.processes import alive
from tests.support.site import SiteHere
from tests.support.waiting import NeverHappened, wait_for


def a_message(message_id: str = "<1@test.example>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "from@test.example"
    message["To"] = "to@test.example"
    message["Subject"] = "Grüße"
    message["Message-ID"] = message_id
    message.set_content("Text")
    return message


def test_what_is_handed_over_is_counted_by_message_id(mail_server: MailServer) -> None:
    """Twice the same is seen as such."""
    with smtplib.SMTP("127.0.0.1", mail_server.port, timeout=5) as client:
        client.send_message(a_message())
        client.send_message(a_message("<2@test.example>"))
        client.send_message(a_message())

    assert mail_server.by_message_id == {"<1@test.example>": 2, "<2@test.example>": 1}
    assert mail_server.doubled == {"<1@test.example>": 2}
    assert mail_server.connections == 1
    assert mail_server.to("to@test.example")[0].message["Subject"] == "Grüße"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("CONNECT", smtplib.SMTPConnectError),
        ("MAIL", smtplib.SMTPSenderRefused),
        ("RCPT", smtplib.SMTPRecipientsRefused),
        ("DATA", smtplib.SMTPDataError),
        ("CONTENT", smtplib.SMTPDataError),
    ],
)
def test_a_refusal_comes_once_at_the_command_asked_for(
    mail_server: MailServer, command: str, error: type[Exception]
) -> None:
    """The next try goes through, and only that one is counted."""
    mail_server.faults.refuse(command, "451 4.3.0 try later")

    with pytest.raises(error), smtplib.SMTP("127.0.0.1", mail_server.port, timeout=5) as client:
        client.send_message(a_message())
    assert not mail_server.messages

    with smtplib.SMTP("127.0.0.1", mail_server.port, timeout=5) as client:
        client.send_message(a_message())
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize("fault", ["hang_after_content", "drop_after_content"])
def test_a_message_without_an_answer_is_counted_all_the_same(mail_server: MailServer, fault: str) -> None:
    """The client cannot know; the server does."""
    getattr(mail_server.faults, fault)()
    client = smtplib.SMTP("127.0.0.1", mail_server.port, timeout=0.5)

    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        client.send_message(a_message())
    client.close()

    assert mail_server.by_message_id == {"<1@test.example>": 1}


def test_waiting_ends_with_the_answer_or_says_what_never_happened() -> None:
    """The last answer is in the error."""
    answers = iter([0, 0, 3])
    assert wait_for(lambda: next(answers), 5, every=0.001) == 3
    with pytest.raises(NeverHappened, match=r"not within 0 s: the moon is blue; the last answer was \[\]"):
        wait_for(list, 0, what="the moon is blue")


def test_a_missing_service_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A green CI has seen everything."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        services.missing("no Chromium")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        services.missing("no Chromium")


def test_a_database_of_ones_own_has_the_first_rows_and_is_seen_by_others(own_database: Database) -> None:
    """Wagtail's root page is there, and another connection sees what is committed."""
    Page.objects.filter(depth=1).update(title="Seen")

    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT title FROM wagtailcore_page WHERE depth = 1")
            assert cursor.fetchall() == [("Seen",)]
    finally:
        other.close()
    assert connection.settings_dict["NAME"] == own_database.name


def test_the_next_database_knows_nothing_of_the_last(own_database: Database) -> None:
    """Whatever ran before: the title is Wagtail's."""
    assert Page.objects.get(depth=1).title == "Root"


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_runs_as_the_documentation_asks() -> None:
    """Write-ahead log and immediate transactions, also in tests."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
    assert connection.transaction_mode == "IMMEDIATE"


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_run_on_postgres_is_on_postgres() -> None:
    """No silent fall-back to SQLite."""
    assert connection.vendor == "postgresql"


@pytest.mark.cluster
@pytest.mark.parametrize("broker", ["orm", "redis"])
def test_a_real_cluster_runs_tasks_and_stops_cleanly(
    start_cluster: Callable[..., RunningCluster], broker: str
) -> None:
    """With either broker; nothing is left behind."""
    from django_q.models import Success

    cluster = start_cluster(broker=broker, env={"TEST_SAVE_TASKS": "yes"})
    pids = [cluster.pid, *cluster.descendants()]
    assert len(pids) >= 6  # main, sentinel, two workers, monitor, pusher

    cluster.enqueue("django.utils.timezone.now")
    wait_for(Success.objects.exists, 60, what="the task ran", otherwise=cluster.log)

    assert cluster.stop() == 0
    wait_for(lambda: not any(alive(pid) for pid in pids))
    assert settings.TEST_DIR in cluster.log_path.parents


@pytest.mark.browser
def test_a_browser_logs_in_to_the_site_of_this_test(browser: BrowserContext) -> None:
    """Browser, web server and test see the same database."""
    get_user_model().objects.create_superuser("mila", "mila@test.example", "secret")

    page = browser.new_page()
    log_in(page, "mila", "secret")

    expect(page.get_by_role("heading", name="mila")).to_be_attached()


@pytest.mark.browser
def test_an_error_in_a_script_is_noticed(chromium_path: str, live_site: SiteHere) -> None:
    """The ``browser`` fixture fails a test for it."""
    errors = Errors()
    with browsing(chromium_path, live_site.url) as context:
        context.on("page", errors.watch)
        page = context.new_page()
        page.goto("/admin/login/")
        page.evaluate("() => { setTimeout(() => { throw new Error('on purpose') }) }")
        wait_for(lambda: page.evaluate("1") and errors, what="the error is noticed")
    assert "on purpose" in errors[0]
