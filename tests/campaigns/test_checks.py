"""What is found in a campaign before it goes live: each check with what it finds, and what it leaves alone."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from wagtail.documents import get_document_model
from wagtail.models import Page, Site

from tests.scenarios.story import (
    Story,
    belongs,
    branch,
    choose,
    leave,
    locale,
    on_entering,
    on_event,
    on_leaving,
    record,
    send,
    speaks,
    split,
    start,
    until,
    update,
    wait,
    when_added,
)
from wagtail_journeys.campaigns import checks
from wagtail_journeys.campaigns.checks import Draft, Finding, Level
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def welcome(story: Story) -> EmailTemplate:
    return story.template("Welcome")


def draft(
    trigger: dict[str, Any] | None,
    *steps: dict[str, Any],
    now: datetime.datetime | None = None,
    **fields: Any,
) -> Draft:
    for stream in ("filters", "goal", "exits"):
        fields[stream] = with_ids(list(fields.get(stream) or []))
    campaign = Campaign(
        name="C", trigger=with_ids([trigger] if trigger else []), steps=with_ids(list(steps)), **fields
    )
    return Draft(campaign, now or Story().now)


def found(key: str, trigger: dict[str, Any] | None, *steps: dict[str, Any], **fields: Any) -> list[Finding]:
    """What the check of this name finds."""
    return list(checks.registry[key].findings(draft(trigger, *steps, **fields)))


def said(findings: list[Finding]) -> str:
    return " | ".join(finding.message for finding in findings)


DOWNLOAD = on_event("document_download")


def test_a_sound_campaign_has_no_errors(story: Story, welcome: EmailTemplate) -> None:
    """With all there is to it: nothing stands in its way."""
    steps = [send(welcome), wait(2), branch(speaks("nl"), yes=[update("points", "increment", "5")])]
    assert checks.errors(draft(DOWNLOAD, *steps, filters=[speaks("nl")])) == []


def test_what_is_missing_is_said_once_and_at_its_step() -> None:
    """A step deep in an arm is named by its id; the more telling message stands for the less telling one."""
    nothing = {
        "type": "send_email",
        "value": {"template": None, "match": "all", "conditions": [], "defaults": []},
    }
    looked_at = draft(DOWNLOAD, branch(speaks("nl"), yes=[nothing, wait(None)]))  # type: ignore[arg-type]
    sent, waited = looked_at.steps[1:]
    errors = checks.errors(looked_at)
    assert [(finding.block, finding.message) for finding in errors] == [
        (sent.id, "A “Send email” step has no template."),
        (waited.id, "Amount: This field is required."),
    ]


def test_a_campaign_needs_a_trigger_and_steps() -> None:
    """Neither may be left out."""
    assert "Choose what starts the campaign" in said(found("unfinished", None, wait(1)))
    assert "Add at least one step" in said(found("unfinished", DOWNLOAD))
    assert found("unfinished", DOWNLOAD, wait(1)) == []


def test_settings() -> None:
    """An interval without a length, a zone that does not exist, an end before the start, and one that is over."""
    now = Story().now
    day = datetime.timedelta(days=1)
    assert "interval" in said(found("settings", DOWNLOAD, frequency="interval"))
    assert "Atlantis" in said(found("settings", DOWNLOAD, time_zone="Atlantis"))
    assert "after the start" in said(found("settings", DOWNLOAD, starts_at=now, ends_at=now))
    (over,) = found("settings", DOWNLOAD, ends_at=now - day)
    assert over.level == Level.WARNING
    fine = {"frequency": "interval", "interval": 2, "time_zone": "Asia/Kathmandu", "ends_at": now + day}
    assert found("settings", DOWNLOAD, **fine) == []


def test_fields_and_blocks_that_are_not_filled_in(story: Story) -> None:
    """What only a draft may leave open, in plain fields, filters, goal, steps and arms."""
    arm = choose(("", speaks("nl"), [wait(None)]))  # type: ignore[arg-type]
    messages = said(
        found(
            "incomplete",
            DOWNLOAD,
            wait(2, "hours", "09:00:00"),
            arm,
            filters=[speaks("")],
            goal=[on_event("")],
            goal_window=0,
        )
    )
    for words in (
        "A time of day goes with days or weeks only",
        "Arm 1: Name of the arm: This field is required",
        "Amount: This field is required",
        "Say what to compare with",
        "greater than or equal to 1",
    ):
        assert words in messages
    assert found("incomplete", DOWNLOAD, wait(2), choose(("Dutch", speaks("nl"), [wait(1)]))) == []


def test_a_kind_that_is_not_installed_any_more(story: Story) -> None:
    """Wagtail forgets it silently; here it is an error."""
    campaign = story.campaign("C", DOWNLOAD, wait(1))
    campaign = Campaign.objects.get(pk=campaign.pk)
    revision = campaign.save_revision()
    assert list(checks.registry["unknown"].findings(Draft.of(campaign, story.now))) == []
    stranger = {"type": "carrier_pigeon", "value": {}, "id": "x"}
    nested = with_ids([branch(speaks("nl"), yes=[stranger])])
    revision.content["steps"] = json.dumps(nested)
    revision.save()
    changed = Draft.of(Campaign.objects.get(pk=campaign.pk), story.now)
    assert "“carrier_pigeon” is not installed" in said(list(checks.registry["unknown"].findings(changed)))


def test_what_is_chosen_and_gone(story: Story, welcome: EmailTemplate) -> None:
    """A page that is gone cannot start anything (error); in a condition it is a warning; a segment is always needed."""
    root = Site.objects.get().root_page
    page = root.add_child(instance=Page(title="Guide", slug="guide-x", live=False))
    assert "is not published" in said(found("gone", on_event("page_view", page=page.pk)))
    (asked,) = found("gone", DOWNLOAD, branch({"type": "viewed", "value": {"did": "did", "page": page.pk}}))
    assert asked.level == Level.WARNING
    (trigger,) = found("gone", on_event("document_download", document=404))
    assert trigger.level == Level.ERROR
    assert "document" in trigger.message
    segment = Segment.objects.create(name="Dutch", live=False)
    assert "“Dutch” is not live" in said(found("gone", DOWNLOAD, filters=[belongs(segment)]))
    segment.pk = 404
    assert "has been deleted" in said(found("gone", DOWNLOAD, send(welcome, belongs(segment))))
    page.live = True
    page.save()
    document = get_document_model().objects.create(title="Guide")
    there = story.segment("Belgian", speaks("nl-be"))
    fine = on_event("document_download", page=page.pk, document=document.pk)
    assert found("gone", fine, send(welcome, belongs(there))) == []


def test_conditions_that_can_never_be_true_or_cannot_be_read(story: Story) -> None:
    """In filters, branches and arms; the first of two arms with the same conditions takes everybody."""
    segment = story.segment("Dutch", speaks("nl"))
    never = [belongs(segment), belongs(segment, "not_in")]
    assert "can ever match" in said(found("conditions", DOWNLOAD, filters=never))
    assert "can ever match" in said(found("conditions", DOWNLOAD, branch(*never)))
    assert found("conditions", DOWNLOAD, filters=never, filters_match="any") == []
    twice = choose(("First", speaks("nl"), []), ("Second", speaks("nl"), []))
    assert "ever takes the arm “Second”: “First”" in said(found("conditions", DOWNLOAD, twice))
    other = choose(("First", speaks("nl"), []), ("Second", speaks("de"), []))
    assert found("conditions", DOWNLOAD, other, filters=[speaks("nl")]) == []
    broken = found("conditions", DOWNLOAD, filters=[{"type": "attribute", "value": {"field": "locale"}}])
    assert [finding.level for finding in broken] == [Level.ERROR]


def test_steps_nobody_comes_to() -> None:
    """Behind an exit, and in an arm of 0 %; an arm of 0 % without steps is a way to leave nobody out."""
    assert "No contact comes to “Wait 1 day”" in said(
        found("unreachable", DOWNLOAD, leave(), wait(1), wait(2))
    )
    assert "the arm “B”" in said(found("unreachable", DOWNLOAD, split(("A", 100, []), ("B", 0, [wait(1)]))))
    fine = [split(("A", 100, [leave()]), ("B", 0, [])), wait(1), leave()]
    assert found("unreachable", DOWNLOAD, *fine) == []


def test_two_emails_without_a_wait(welcome: EmailTemplate) -> None:
    """One after the other, or by way of an arm; a wait of nothing is none."""
    email = send(welcome)
    assert len(found("crowded", DOWNLOAD, email, email)) == 1
    assert len(found("crowded", DOWNLOAD, email, wait(0), email)) == 1
    assert len(found("crowded", DOWNLOAD, branch(speaks("nl"), yes=[email]), email)) == 1
    assert len(found("crowded", DOWNLOAD, email, branch(speaks("nl"), yes=[wait(1)], no=[]), email)) == 1
    assert found("crowded", DOWNLOAD, email, wait(1), email) == []
    assert found("crowded", DOWNLOAD, branch(speaks("nl"), yes=[email, leave()]), email) == []
    assert found("crowded", DOWNLOAD, branch(speaks("nl"), yes=[email], no=[email])) == []


def test_merge_tags_without_a_default(story: Story) -> None:
    """A blank default is one; what everybody has needs none."""
    template = story.template("Dear {{ contact.first_name }}", "<p>{{ contact.email }} {{ site.name }}</p>")
    assert "contact.first_name" in said(found("merge_tags", DOWNLOAD, send(template)))
    given = send(template)
    given["value"]["defaults"] = [{"type": "item", "value": {"tag": "contact.first_name", "default": ""}}]
    assert found("merge_tags", DOWNLOAD, given) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{{ contact.first_name | default: 'reader' }}", ""),
        ("{{ contact.first_name | upcase | default: 'reader' }}", "contact.first_name"),
        ("{{ contact.first_name | default: contact.last_name }}", "contact.last_name"),
        ("{{ contact.first_name | default: 'you' }}, yes, {{ contact.first_name }}", "contact.first_name"),
        ("{% if contact.first_name and contact.points > 3 %}{{ contact.first_name }}{% endif %}", ""),
        ("{% if contact.points > 3 %}{{ contact.first_name }}{% endif %}", "contact.first_name"),
        ("{% if contact.points %}{% else %}{{ contact.points }}{% endif %}", "contact.points"),
        ("{% unless contact.points %}none{% endunless %}", ""),
        ("{% case contact.points %}{% when 1 %}one{% endcase %}", ""),
        ("{% assign name = contact.first_name | default: 'you' %}{{ name }}", ""),
        ("{% for title in event.titles %}{{ title }}{% endfor %}", "event.titles"),
    ],
)
def test_what_the_email_says_itself_needs_no_default(story: Story, text: str, missing: str) -> None:
    """Wanted is a default for what the email would not be sent without, and for nothing else."""
    email = send(story.template("Hello", f"<p>{text}</p>"))
    assert [f"tag {missing} of" in finding.message for finding in found("merge_tags", DOWNLOAD, email)] == (
        [True] if missing else []
    )


def test_templates_with_a_draft_or_without_a_way_out(story: Story, welcome: EmailTemplate) -> None:
    """Changes that are not published, and an email of a topic without its link to unsubscribe."""
    topic = Topic.objects.create(name="News", slug="news")
    assert found("templates", DOWNLOAD, send(welcome), topic=topic) == []
    welcome.subject = "Hello"
    welcome.save_revision()
    assert "changes that are not published" in said(found("templates", DOWNLOAD, send(welcome)))
    welcome.versions.update(html="<p>Hello</p>")
    assert "no link to unsubscribe" in said(found("templates", DOWNLOAD, send(welcome), topic=topic))


def test_emails_without_a_topic(welcome: EmailTemplate) -> None:
    """Transactional is said aloud; a campaign that sends nothing needs no topic."""
    assert "transactional" in said(found("topic", DOWNLOAD, send(welcome)))
    assert found("topic", DOWNLOAD, wait(1)) == []
    assert found("topic", DOWNLOAD, send(welcome), topic=Topic.objects.create(name="News", slug="news")) == []


def test_events_that_never_happened(story: Story) -> None:
    """In the trigger and in the goal, each with what follows from it."""
    assert "Nobody will enter" in said(found("events", on_event("sighned_up"), wait(1)))
    assert "goal will not be reached" in said(found("events", DOWNLOAD, goal=[on_event("bought")]))
    story.contact("kim@example.com").did("signed_up", source="server")
    story.contact("ann@example.com").did("document_download")
    assert found("events", on_event("signed_up"), wait(1), goal=[DOWNLOAD]) == []


def test_goals(story: Story) -> None:
    """None at all is a hint; one that is the trigger, or cannot happen, a warning."""
    (none,) = found("goal", DOWNLOAD)
    assert none.level == Level.HINT
    assert "what starts the campaign" in said(found("goal", DOWNLOAD, goal=[DOWNLOAD]))
    segment = story.segment("Dutch", speaks("nl"))
    assert "nobody is in it" in said(found("goal", DOWNLOAD, goal=[on_leaving(segment)]))
    story.visitor("kim@example.com").says(locale="nl")
    assert found("goal", DOWNLOAD, goal=[on_leaving(segment)]) == []


def test_dates_and_long_waits() -> None:
    """A date that is over, with what becomes of contacts; a wait without an end, and one of years."""
    past = {"until": "2026-03-01T09:00:00+00:00", "clock": "site", "past": "exit"}
    assert "every contact leaves" in said(found("dates", DOWNLOAD, {"type": "wait_date", "value": past}))
    past["past"] = "go_on"
    assert "go on at once" in said(found("dates", DOWNLOAD, {"type": "wait_date", "value": past}))
    past["until"] = "2026-03-05T09:00:00+00:00"
    assert (
        found("dates", DOWNLOAD, {"type": "wait_date", "value": past}, wait(360), until(speaks("nl"))) == []
    )
    assert "longer than a year" in said(found("dates", DOWNLOAD, wait(60, "weeks")))
    assert "has no end" in said(found("dates", DOWNLOAD, until(speaks("nl"), amount=None)))  # type: ignore[arg-type]


def test_windows(story: Story) -> None:
    """A window of minutes, and one that opens when the campaign is over."""

    def window(first: str, last: str, *days: str) -> dict[str, Any]:
        return {"type": "wait_window", "value": {"weekdays": list(days), "from_time": first, "to_time": last}}

    assert "quarter of an hour" in said(found("windows", DOWNLOAD, window("09:00:00", "09:10:00", "0")))
    tomorrow = story.now + datetime.timedelta(days=1)
    sunday = window("09:00:00", "17:00:00", "6")
    assert "after the campaign has ended" in said(found("windows", DOWNLOAD, sunday, ends_at=tomorrow))
    assert found("windows", DOWNLOAD, window("22:00:00", "06:00:00", "0", "1"), ends_at=tomorrow) == []


def test_twins_by_language(story: Story) -> None:
    """Same trigger, same filters but for the language: one campaign with translations is what is wanted (L2)."""
    story.campaign("Welkom", DOWNLOAD, wait(1), filters=[speaks("nl")])
    german = {"type": "language", "value": {"operator": "is", "language": "de"}}
    assert "“Welkom” is live" in said(found("twins", DOWNLOAD, filters=[german]))
    assert "“Welkom” is live" in said(found("twins", DOWNLOAD))
    assert found("twins", on_event("page_view"), filters=[german]) == []
    points = {"type": "attribute", "value": {**speaks("")["value"], "field": "points", "value": "5"}}
    assert found("twins", DOWNLOAD, filters=[german, points]) == []
    Campaign.objects.update(live=False)
    assert found("twins", DOWNLOAD, filters=[german]) == []


def test_limits_and_groups(story: Story) -> None:
    """Limits that let nobody in, a run key without an event, and two campaigns of a group with one priority."""
    assert "nobody can enter" in said(found("entries", DOWNLOAD, entry_cap=0))
    assert "nobody can enter" in said(found("entries", DOWNLOAD, hourly_cap=0))
    assert "needs an event" in said(found("entries", when_added(), run_key="order_id"))
    story.campaign("Other", DOWNLOAD, wait(1), exclusive_group="news", priority=5)
    assert "“Other” is in the group" in said(found("entries", DOWNLOAD, exclusive_group="news", priority=5))
    fine = {"exclusive_group": "news", "priority": 6, "entry_cap": 5, "hourly_cap": 1, "run_key": "order_id"}
    assert found("entries", DOWNLOAD, **fine) == []
    full = story.campaign("Full", on_event("signed_up"), wait(1), entry_cap=1)
    story.contact("kim@example.com").did("signed_up")
    assert "The campaign is full" in said(list(checks.registry["entries"].findings(Draft(full, story.now))))


def test_a_campaign_that_starts_itself(story: Story) -> None:
    """By its own event, or by name."""
    assert "records the event" in said(found("loops", on_event("hello"), record("hello")))
    assert found("loops", on_event("hello"), record("goodbye")) == []
    campaign = story.campaign("C", when_added(), wait(1))
    campaign.steps = with_ids([start(campaign)])
    assert "this very campaign" in said(list(checks.registry["loops"].findings(Draft(campaign, story.now))))


def test_contacts_without_a_known_time_zone(story: Story) -> None:
    """They are counted where a step goes by their clock (T1)."""
    story.visitor("kim@example.com").says(time_zone="Mars/Olympus")
    story.visitor("ann@example.com").says(time_zone="Europe/Amsterdam")
    assert "1 contact has a time zone that is not known" in said(
        found("zones", DOWNLOAD, wait(1, at="09:00:00"))
    )
    assert found("zones", DOWNLOAD, wait(1)) == []
    Contact.objects.filter(email="kim@example.com").delete()
    assert found("zones", DOWNLOAD, wait(1, at="09:00:00")) == []


def test_a_trigger_of_a_segment_that_is_not_live(story: Story) -> None:
    """What a kind says itself is an error at its block."""
    segment = Segment.objects.create(name="Dutch", live=False)
    (problem,) = found("unfinished", on_entering(segment), wait(1))
    assert problem.field == "trigger"
    assert "not live" in problem.message


def test_the_number_of_statements_does_not_depend_on_contacts(
    story: Story, welcome: EmailTemplate, django_assert_max_num_queries: Any
) -> None:
    """All checks of a campaign with everything in it."""
    locale("nl")
    Contact.objects.bulk_create(Contact(email=f"c{n}@example.com") for n in range(200))
    segment = story.segment("Dutch", speaks("nl"))
    steps = [
        send(welcome, belongs(segment)),
        wait(1, at="09:00:00"),
        branch(speaks("nl"), yes=[send(welcome)]),
    ]
    with django_assert_max_num_queries(40):
        checks.findings(draft(DOWNLOAD, *steps, filters=[belongs(segment)], goal=[on_event("bought")]))


# Opens and clicks -----------------------------------------------------------------------------------------------------


def reacted(action: str) -> dict[str, Any]:
    value = {"did": "did", "action": action, "step": "", "link": "", "machines": False}
    return {"type": "this_email", "value": value}


def test_opens_and_clicks_that_nobody_counts(welcome: EmailTemplate, story: Story) -> None:
    """What waits for opens and clicks waits in vain where no contact agreed; an open says little even then."""
    on_open, on_click = on_event("email_opened"), on_event("email_clicked")
    assert (
        said(found("opens", on_click, send(welcome), until(reacted("opened")))).count("No contact has agreed")
        == 2
    )
    assert found("opens", on_event("order_completed"), send(welcome), wait(1)) == []
    contact = Contact.objects.create(email="kim@example.com")
    for purpose in (consent.OPEN_TRACKING, consent.CLICK_TRACKING):
        consent.record([contact], consent.purpose(purpose), "granted", "test", story.now)
    assert found("opens", on_click, send(welcome), until(reacted("clicked"))) == []
    findings = found("opens", on_open, send(welcome), branch(reacted("opened")), wait(1))
    assert [(finding.level, finding.field) for finding in findings] == [
        (Level.HINT, "trigger"),
        (Level.HINT, "steps"),
    ]
    waiting = {"event": "email_opened", "amount": 1, "unit": "days", "happened": [], "timed_out": []}
    (one,) = found("opens", on_click, {"type": "wait_event", "value": waiting})
    assert "An open says little" in one.message
