from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.scenarios.story import Story, on_entering, on_event, wait
from wagtail_journeys.campaigns import steps
from wagtail_journeys.campaigns.steps.base import Step
from wagtail_journeys.exceptions import DuplicateKey, UnknownKey
from wagtail_journeys.models import Campaign, Segment


def test_a_step_and_a_condition_of_a_host_app_need_no_migration(db: None):
    """With a step and a condition of a site's own in place, makemigrations finds nothing to do."""
    assert "hostapp_greet" in Campaign._meta.get_field("steps").stream_block.child_blocks
    assert "hostapp_mail_domain" in Segment._meta.get_field("rules").stream_block.child_blocks
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_condition_of_a_host_app_decides_who_belongs(db: None):
    """A site's own condition makes a segment, and entering it starts a campaign with the site's own step."""
    story = Story()
    staff = story.segment("Staff", {"type": "hostapp_mail_domain", "value": {"domain": "example.org"}})
    campaign = story.campaign(
        "Greet", on_entering(staff), {"type": "hostapp_greet", "value": {"word": "Welcome"}}, wait(1)
    )
    ada, bob = story.visitor("ada@example.org"), story.visitor("bob@example.com")
    for person in (ada, bob):
        person.submits_form(traits={"first_name": person.email[:3].title()})
    assert ada.path(campaign) == ["hostapp_greet:passed", "wait:"]
    assert ada.contact.attributes["greeting"] == "Welcome, Ada"
    assert bob.journeys() == []


def test_a_step_that_fails_for_one_contact_does_not_stop_the_others(db: None):
    """One contact's failure is tried again and then ends that journey alone, with the error as its reason (S8)."""
    story = Story()
    campaign = story.campaign(
        "Greet", on_event("page_view"), {"type": "hostapp_greet", "value": {"word": "Hi"}}, wait(1)
    )
    people = [story.contact(f"p{n}@example.com", first_name="" if n == 3 else f"P{n}") for n in range(6)]
    for person in people:
        person.did("page_view", run=False)
    story.run()
    assert [person.path(campaign)[-1] for person in people] == ["wait:"] * 3 + ["hostapp_greet:"] + [
        "wait:"
    ] * 2
    for _attempt in range(5):
        story.after(hours=2)
    (failed,) = people[3].journeys()
    assert failed.state == "failed"
    assert "nobody to greet" in failed.end_reason


def test_a_failure_that_passes_does_not_matter(db: None):
    """A step that works at the second try goes on as if nothing had happened."""
    story = Story()
    campaign = story.campaign(
        "Greet", on_event("page_view"), {"type": "hostapp_greet", "value": {"word": "Hi"}}, wait(1)
    )
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    ada.says(first_name="Ada")
    story.after(hours=1)
    assert ada.path(campaign) == ["hostapp_greet:passed", "wait:"]
    assert ada.contact.attributes["greeting"] == "Hi, Ada"


def test_two_steps_of_one_name_are_an_error_that_names_both():
    """A second class with a key that is taken is refused at once, and the message names both classes."""

    class Other(Step):
        key = "wait"

    with pytest.raises(DuplicateKey, match=r"steps\.wait\.Wait and .*Other"):
        steps.registry.register(Other)


def test_an_unknown_step_names_those_there_are():
    """Asking for a kind that nobody registered says which ones are known."""
    with pytest.raises(UnknownKey, match="hostapp_greet"):
        steps.registry["no_such_step"]
