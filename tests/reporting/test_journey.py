"""Why is this contact here? The page of a journey, the list of who is where, and what may be done by hand."""

from __future__ import annotations

import datetime
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.reporting import rows
from tests.scenarios.story import Person, Story, attribute, on_event, points, send, until, wait
from wagtail_journeys.calls.models import Call
from wagtail_journeys.emails.models import Notice
from wagtail_journeys.journeys.models import Journey, Refusal
from wagtail_journeys.models import Campaign, Message
from wagtail_journeys.reporting.campaigns import numbers
from wagtail_journeys.reporting.statistics import campaign_url

pytestmark = pytest.mark.django_db

GREET = {"type": "hostapp_greet", "value": {"word": "Hi"}}
DOWNLOAD = "document_download"


@pytest.fixture
def story(db: None) -> Story:
    made = Story()
    made.now = timezone.now()
    return made


def text_of(response: Any) -> str:
    assert response.status_code == 200
    words = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", unescape(response.content.decode()), flags=re.S)
    return " ".join(words.split())


def page(client: Client, journey: Journey) -> str:
    return text_of(client.get(reverse("journeys_journey", args=[journey.pk])))


def inside(client: Client, campaign: Campaign, **query: str) -> str:
    return text_of(client.get(reverse("journeys_inside", args=[campaign.pk]), query))


def act_address(campaign: Campaign, action: str) -> str:
    return reverse("journeys_act", args=[campaign.pk, action])


def started(story: Story, *steps: dict[str, Any], **fields: Any) -> tuple[Campaign, Person, Journey]:
    campaign = story.campaign("Welcome", on_event(DOWNLOAD), *steps, **fields)
    ada = story.contact("ada@example.com", time_zone="Asia/Kathmandu")
    ada.did(DOWNLOAD)
    return campaign, ada, ada.journeys()[0]


# The page of a journey ------------------------------------------------------------------------------------------------


def test_a_journey_that_waits_for_its_time(story: Story, admin_client: Client) -> None:
    """The page says where it stands, until when on both clocks, why it began, and when it was last asked."""
    _campaign, _ada, journey = started(story, wait(2))
    said = page(admin_client, journey)

    assert "ada@example.com in “Welcome”" in said
    assert "Waits at “wait 2 days” until" in said
    assert "(Europe/Amsterdam)" in said and "(Asia/Kathmandu)" in said
    assert "Why it began Downloaded a document" in said
    assert "Last asked not yet" not in said
    assert "wait 2 days: is here now" in said


def test_what_is_not_true_yet(story: Story, admin_client: Client) -> None:
    """For a wait until conditions each condition says whether it is true by now."""
    _campaign, ada, journey = started(
        story, until(attribute("locale", "is", "nl"), attribute("time_zone", "is", "Asia/Kathmandu"))
    )
    said = page(admin_client, journey)

    assert "Waits for the contact to match; asked again in" in said
    assert "What is not true yet" in said
    assert "No language is “nl”" in said
    assert re.search(r"Yes time zone is", said)
    ada.says(locale="nl")
    assert "done: wait until" in text_of(
        admin_client.get(reverse("journeys_contacts:inspect", args=[ada.contact.pk]))
    )


def test_an_event_that_has_not_happened(story: Story, admin_client: Client) -> None:
    """A wait for an event says since when it has not happened."""
    event = {"event": "login", "page": None, "section": None, "document": None, "properties": []}
    step = {
        "type": "wait_event",
        "value": {**event, "since": "arrival", "days": 7, "amount": 3, "unit": "days"},
    }
    step["value"] |= {"happened": [], "timed_out": []}
    _campaign, _ada, journey = started(story, step)
    said = page(admin_client, journey)

    assert "Waits for the event to happen" in said
    assert re.search(r"Not since .* the contact .*logged in", said)


def test_every_decision_with_its_reason(story: Story, admin_client: Client) -> None:
    """Steps passed and skipped, emails and why they were not sent, with the version of each."""
    template = story.template("Hello", "<p>Hello {{ contact.first_name }}</p>")
    never = send(story.template("Never"), attribute("locale", "is", "nl"))
    _campaign, _ada, journey = started(story, points(5), never, send(template), wait(1))
    said = page(admin_client, journey)

    assert "version 1" in said
    assert "skipped Not: language is “nl”." in said
    assert Message.objects.get().state == "failed"
    assert "could not be sent" in said and "first_name" in said


def test_a_step_that_is_tried_again(story: Story, admin_client: Client) -> None:
    """The error, how often it was tried, and when it is tried again."""
    _campaign, _ada, journey = started(story, GREET)
    said = page(admin_client, journey)

    assert "Failed 1 time: ValueError: nobody to greet. Tried again in" in said
    assert "Failed tries 1" in said


def test_the_goal_of_a_journey(story: Story, admin_client: Client) -> None:
    """What the campaign is for, that it is not reached yet, and until when it counts."""
    _campaign, ada, journey = started(story, wait(5), goal=[on_event("order_completed")], goal_window=10)
    assert "Not reached yet; it counts until" in page(admin_client, journey)
    ada.did("order_completed")
    assert "Reached on" in page(admin_client, journey)


def test_refusals_are_told(story: Story, admin_client: Client) -> None:
    """Why the contact was not let in again stands beside the journey, and on the contact's page."""
    _campaign, ada, journey = started(story, wait(5))
    ada.did(DOWNLOAD)
    ada.did(DOWNLOAD)
    words = "the contact has been in the campaign as often as it allows 2 times, last on"
    assert words in page(admin_client, journey)
    contact = text_of(admin_client.get(reverse("journeys_contacts:inspect", args=[ada.contact.pk])))
    assert f"Welcome : {words}" in contact or f"Welcome: {words}" in contact
    assert "Waits at “wait 5 days” until" in contact


def test_calls_and_notices_are_told(admin_client: Client) -> None:
    """What was told to other systems and to colleagues is on the journey, the timeline and in the statistics."""
    campaign, who = rows.campaign(live=True), rows.contact()
    journey = rows.journey(campaign, who, step_id="exit")
    visit = rows.visit(journey, "send")
    common = {"created_at": rows.at(1), "visit": visit}
    Call.objects.create(
        campaign=campaign,
        step_id="send",
        contact=who,
        method="POST",
        url="https://crm.example.com",
        host="crm.example.com",
        state="unknown",
        error="The worker ended",
        **common,
    )
    Call.objects.create(contact=who, method="PUT", url="x", host="tried", is_test=True, created_at=rows.at(1))
    Notice.objects.create(recipients="team@example.com", subject="New lead", text="x", state="sent", **common)

    contact = text_of(admin_client.get(reverse("journeys_contacts:inspect", args=[who.pk])))
    for said in (page(admin_client, journey), contact):
        assert "Another system was perhaps told: POST crm.example.com. The worker ended." in said
        assert "Colleagues were told: “New lead”. To team@example.com." in said
    assert "tried" not in contact.replace("tried again", "")
    counted = numbers(campaign).steps["send"]
    assert (counted.calls["calls"], counted.calls["unknown"], counted.calls["done"]) == (1, 1, 0)
    assert (counted.notices["notices"], counted.notices["sent"]) == (1, 1)

    report = admin_client.get(campaign_url("stats", campaign.pk)).context["report"]
    (row,) = [row for row in report.rows if row.place.step_id == "send"]
    for number in [*row.calls, *row.notices]:
        listed = admin_client.get(number.url)
        assert listed.context["items_count"] == number.value == 1
        assert str(who) in unescape(listed.content.decode())


def test_statements_of_the_page(story: Story, admin_client: Client) -> None:
    """A journey with many steps behind it takes as many statements as one with few."""
    taken = []
    for number, steps in enumerate(([wait(1)], [points(n) for n in range(1, 40)] + [wait(1)])):
        story.campaign(f"Many {number}", on_event(f"start{number}"), *steps)
        ada = story.contact(f"p{number}@example.com")
        ada.did(f"start{number}")
        page(admin_client, ada.journeys()[0])
        with CaptureQueriesContext(connection) as statements:
            page(admin_client, ada.journeys()[0])
        taken.append([query["sql"] for query in statements if "wagtail_journeys_" in query["sql"]])
    assert len(taken[0]) == len(taken[1]) <= 16


# Who is where ---------------------------------------------------------------------------------------------------------


def crowd() -> Campaign:
    campaign = rows.campaign(live=True)
    now = timezone.now()
    for minutes, name in ((60, "soon"), (-60, "late"), (600, "later")):
        due = now + datetime.timedelta(minutes=minutes)
        rows.journey(campaign, rows.contact(f"{name}@example.com"), step_id="wait", due_at=due)
    trying = rows.journey(
        campaign,
        rows.contact("trying@example.com"),
        step_id="points",
        attempts=2,
        due_at=now + datetime.timedelta(minutes=5),
    )
    Journey.objects.filter(pk=trying.pk).update(visit_id=rows.visit(trying, "points", "", reason="no").pk)
    rows.journey(campaign, rows.contact("failed@example.com"), step_id="send", state="failed", reason="boom")
    rows.journey(campaign, rows.contact("over@example.com"), state="completed")
    return campaign


def emails(said: str) -> list[str]:
    return re.findall(r"(?<![\w.])(\w+)@example\.com", said)


def test_who_is_late_comes_first(admin_client: Client) -> None:
    """Everybody inside with the same sentence as on their pages, those that are overdue first."""
    said = inside(admin_client, crowd())
    assert emails(said) == ["late", "trying", "soon", "later"]
    assert "Due for 1 h, and nobody has moved it: does a cluster run?" in said
    assert "Failed 2 times: no. Tried again in" in said


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ({"step": "wait"}, ["late", "soon", "later"]),
        ({"show": "late"}, ["late"]),
        ({"show": "trying"}, ["trying"]),
        ({"show": "failed"}, ["failed"]),
        ({"show": "failed", "step": "wait"}, []),
        ({"show": "nonsense"}, ["late", "trying", "soon", "later"]),
    ],
)
def test_narrowed(admin_client: Client, query: dict[str, str], who: list[str]) -> None:
    """By step, and by what is wrong."""
    assert emails(inside(admin_client, crowd(), **query)) == who


def test_nobody_inside(admin_client: Client) -> None:
    """An empty list says what would be there."""
    assert "Nobody is inside this campaign now" in inside(admin_client, rows.campaign(live=True))


def test_statements_of_the_list(admin_client: Client) -> None:
    """A page of fifty costs as many statements as a page of four."""
    taken = []
    for number in (4, 60):
        campaign = rows.campaign(f"{number}", live=True)
        for _each in range(number):
            rows.journey(campaign, rows.contact(), step_id="wait", due_at=timezone.now())
        inside(admin_client, campaign)
        with CaptureQueriesContext(connection) as statements:
            inside(admin_client, campaign)
        taken.append([query["sql"] for query in statements if "wagtail_journeys_" in query["sql"]])
    assert len(taken[0]) == len(taken[1]) <= 8


def test_the_statistics_lead_to_it(admin_client: Client) -> None:
    """From the numbers to who is where, and from the list behind a number to each journey."""
    campaign = crowd()
    assert (
        reverse("journeys_inside", args=[campaign.pk])
        in admin_client.get(campaign_url("stats", campaign.pk)).content.decode()
    )
    listed = admin_client.get(reverse("journeys_counted", args=[campaign.pk]), {"of": "failed"})
    failed = Journey.objects.get(state="failed")
    assert reverse("journeys_journey", args=[failed.pk]) in listed.content.decode()


# By hand --------------------------------------------------------------------------------------------------------------


def at(*journeys: Journey) -> list[str]:
    return [f"{journey.pk}@{journey.step_id}" for journey in journeys]


def test_looking_changes_nothing_and_confirming_moves(story: Story, admin_client: Client) -> None:
    """The question names how many and where; only the answer moves, tells who did it, and is in the log."""
    campaign, ada, journey = started(story, wait(2), points(5), wait(1))
    address = act_address(campaign, "move")
    said = text_of(admin_client.get(address, {"at": at(journey)}))
    assert "1 contact in “Welcome”: 1 × wait 2 days" in said
    assert ada.path(campaign) == ["wait:"]

    said = text_of(admin_client.post(address, {"at": at(journey)}, follow=True))
    assert "1 contact was moved on." in said
    assert "Moved on by admin, from: wait 2 days." in said
    story.after(minutes=5)
    assert ada.contact.points == 5
    entry = ModelLogEntry.objects.get(action="wagtail_journeys.move_journey")
    assert entry.object_id == str(campaign.pk)
    assert entry.data["contacts"] == [str(ada.contact.uuid)]
    timeline = text_of(admin_client.get(reverse("journeys_contacts:inspect", args=[ada.contact.pk])))
    assert "Moved on by admin, from: wait 2 days. Campaign “Welcome”." in timeline


def test_the_way_out_is_asked_for(story: Story, admin_client: Client) -> None:
    """At a step with several ways out the question offers them, and the answer takes that way."""
    campaign, ada, journey = started(
        story, until(attribute("locale", "is", "nl"), timed_out=[points(7)]), wait(1)
    )
    address = act_address(campaign, "move")
    response = admin_client.get(address, {"at": at(journey)})
    assert response.context["arms"] == {"happened": "It happened", "timed_out": "Not in time"}
    admin_client.post(address, {"at": at(journey), "arm": "timed_out"})
    story.after(minutes=5)
    assert ada.contact.points == 7


def test_many_at_once(admin_client: Client) -> None:
    """Everybody in the list, narrowed to a step: as many as the question said."""
    campaign = crowd()
    address, chosen = act_address(campaign, "exit"), {"all": "1", "step": "wait", "from": "list"}
    assert "3 contacts in “Welcome”: 3 × wait 2 hours" in text_of(admin_client.get(address, chosen))
    said = text_of(admin_client.post(address, chosen, follow=True))
    assert "3 contacts were taken out." in said
    assert Journey.objects.filter(end_reason="taken out by hand").count() == 3
    assert Journey.objects.get(state="active").step_id == "points"


def test_a_failed_journey_is_tried_again(story: Story, admin_client: Client) -> None:
    """From its page, once the cause is mended."""
    campaign, ada, journey = started(story, GREET, points(5))
    for _try in range(5):
        story.after(hours=2)
    journey.refresh_from_db()
    address = act_address(campaign, "retry")
    assert (
        f"{address}?at=" in admin_client.get(reverse("journeys_journey", args=[journey.pk])).content.decode()
    )
    ada.says(first_name="Ada")
    said = text_of(admin_client.post(address, {"at": at(journey)}, follow=True))
    assert "The step of 1 contact is tried again." in said
    assert "Tried again by admin: say Hi. It had said: ValueError: nobody to greet." in said
    story.after(hours=1)
    assert ada.path(campaign)[-1] == "points:passed"


def test_who_has_gone_on_since_is_named(story: Story, admin_client: Client) -> None:
    """What cannot be done any more is said, with the reason."""
    campaign, _ada, journey = started(story, wait(1), wait(1))
    seen = at(journey)
    story.after(days=1)
    said = text_of(admin_client.post(act_address(campaign, "move"), {"at": seen}, follow=True))
    assert "Nothing was done to 1 contact: it has gone on to another step meanwhile." in said


def test_nothing_chosen(admin_client: Client) -> None:
    """Without a choice the list comes back and says so; journeys of other campaigns are not touched from here."""
    mine, other = rows.campaign("Mine", live=True), crowd()
    theirs = at(*Journey.objects.filter(campaign=other, state="active"))
    for given in ({}, {"at": theirs}, {"at": ["nonsense", "9@x"]}):
        said = text_of(admin_client.get(act_address(mine, "exit"), {**given, "from": "list"}, follow=True))
        assert "Choose at least one contact." in said
    admin_client.post(act_address(mine, "exit"), {"at": theirs, "from": "list"})
    assert Journey.objects.filter(state="active").count() == 4


def allowed(client: Client, django_user_model: Any, *names: str) -> None:
    user = django_user_model.objects.create_user("mila")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", *names]))
    client.force_login(user)


def test_reading_is_not_moving(client: Client, django_user_model: Any) -> None:
    """Who may see campaigns and contacts reads why; without the permission there are no buttons, and no way."""
    allowed(client, django_user_model, "change_campaign", "view_contact")
    campaign = crowd()
    journey = Journey.objects.filter(state="active").first()
    assert journey is not None
    assert "Move on now" not in page(client, journey)
    assert "Take out" not in inside(client, campaign)
    for action in ("move", "exit", "retry"):
        for method in (client.get, client.post):
            response = method(act_address(campaign, action), {"at": at(journey)})
            assert response.status_code == 302 and "/admin/" in response.url
    assert Journey.objects.filter(state="active").count() == 4


@pytest.mark.parametrize("names", [["change_campaign"], ["view_contact"], ["move_journey"]])
def test_journeys_are_about_contacts_and_campaigns(
    client: Client, django_user_model: Any, names: list[str]
) -> None:
    """Who may not see both sees neither the page nor the list."""
    allowed(client, django_user_model, *names)
    campaign = crowd()
    journey = Journey.objects.filter(state="active").first()
    assert journey is not None
    for address in (
        reverse("journeys_journey", args=[journey.pk]),
        reverse("journeys_inside", args=[campaign.pk]),
        act_address(campaign, "exit"),
    ):
        assert client.get(address, {"at": at(journey)}).status_code in (302, 403)


def test_names_are_text(admin_client: Client) -> None:
    """What visitors and editors wrote is shown as text, never as HTML."""
    evil = "<script>alert(1)</script>"
    campaign = rows.campaign(evil, live=True)
    journey = rows.journey(campaign, rows.contact(), step_id="send", state="failed", reason=evil)
    rows.visit(journey, "send", "failed", reason=evil)
    Refusal.objects.create(
        campaign=campaign,
        contact=journey.contact,
        reason="filters",
        detail=evil,
        first_at=rows.START,
        last_at=rows.START,
    )
    for address in (
        reverse("journeys_journey", args=[journey.pk]),
        f"{reverse('journeys_inside', args=[campaign.pk])}?show=failed",
    ):
        assert evil not in admin_client.get(address).content.decode()
