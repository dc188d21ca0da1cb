"""The stories that the product was asked for with, told whole."""

from __future__ import annotations

from tests.scenarios.story import Story, attribute, on_event, send, speaks, wait
from wagtail_journeys.models import Message, PendingEntry, Refusal


def webinar_visitor(story: Story):
    """Downloads a PDF, then says who it is in the Dutch webinar form."""
    sam = story.visitor("sam@example.com")
    sam.did("document_download", properties={"document_title": "Gids", "locale": "nl"})
    story.after(minutes=3)
    sam.submits_form(traits={"first_name": "Sam", "locale": "nl"})
    return sam


def test_one_campaign_with_a_translated_template_sends_one_email(story: Story):
    """A download in Dutch brings the Dutch email once; changing language within 30 minutes brings no second one."""
    template = story.template("Your guide", nl="Je gids")
    story.campaign("Guide", on_event("document_download"), send(template))
    sam = webinar_visitor(story)
    assert sam.mails() == ["Je gids"]
    story.after(minutes=10)
    sam.says(locale="en")
    story.after(minutes=30)
    assert sam.mails() == ["Je gids"]


def test_two_campaigns_in_an_exclusive_group_send_one_email(story: Story):
    """The same with a campaign per language: the group lets one event into one of them only, whatever changes later."""
    dutch, english = story.template("Je gids"), story.template("Your guide")
    for name, language, template in (("Guide NL", "nl", dutch), ("Guide EN", "en", english)):
        story.campaign(
            name,
            on_event("document_download"),
            send(template),
            filters=[speaks(language)],
            exclusive_group="guide",
        )
    sam = webinar_visitor(story)
    assert sam.mails() == ["Je gids"]
    story.after(minutes=10)
    sam.says(locale="en")
    story.after(minutes=30)
    assert sam.mails() == ["Je gids"]
    assert len(sam.journeys()) == 1
    assert Refusal.objects.get().reason == Refusal.Reason.GROUP


def test_without_the_group_the_same_two_campaigns_would_send_twice(story: Story):
    """What the group protects from: two campaigns with language filters and one contact that changes language."""
    dutch, english = story.template("Je gids"), story.template("Your guide")
    for name, language, template in (("Guide NL", "nl", dutch), ("Guide EN", "en", english)):
        story.campaign(name, on_event("document_download"), send(template), filters=[speaks(language)])
    sam = webinar_visitor(story)
    story.after(minutes=10)
    sam.says(locale="en")
    assert sam.mails() == ["Je gids", "Your guide"]
    assert PendingEntry.objects.get().reason.startswith("entered after")


def test_a_welcome_series_of_three_emails(story: Story):
    """Three emails with waits between them; each is sent once, on its day."""
    first, second, third = (story.template(subject) for subject in ("One", "Two", "Three"))
    campaign = story.campaign(
        "Welcome", on_event("signed_up"), send(first), wait(2), send(second), wait(3), send(third)
    )
    kim = story.contact("kim@example.com")
    kim.did("signed_up")
    assert kim.mails() == ["One"]
    story.after(hours=47)
    assert kim.mails() == ["One"]
    story.after(hours=1)
    assert kim.mails() == ["One", "Two"]
    story.after(days=3)
    assert kim.mails() == ["One", "Two", "Three"]
    assert kim.path(campaign) == [
        "send_email:passed", "wait:passed", "send_email:passed", "wait:passed", "send_email:passed",
    ]  # fmt: skip
    assert kim.journeys()[0].state == "completed"


def test_an_email_with_its_own_condition_is_skipped_for_who_no_longer_matches(story: Story):
    """A contact that bought in the meantime skips just the second email, and the visit says why."""
    first, second, third = (story.template(subject) for subject in ("One", "Two", "Three"))
    campaign = story.campaign(
        "Welcome",
        on_event("signed_up"),
        send(first),
        wait(2),
        send(second, attribute("attribute", "is_not", "pro", name="plan")),
        wait(3),
        send(third),
    )
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("signed_up")
    ada.did("signed_up")
    story.after(days=1)
    kim.says(plan="pro")
    story.after(days=1).after(days=3)
    assert kim.mails() == ["One", "Three"]
    assert ada.mails() == ["One", "Two", "Three"]
    assert kim.path(campaign)[2] == "send_email:skipped"
    skipped = kim.journeys()[0].visits.get(outcome="skipped")
    assert "plan" in skipped.reason


def test_an_email_with_its_own_condition_may_end_the_campaign(story: Story):
    """With "leave the campaign" chosen, who does not match the email's condition leaves there."""
    template = story.template("Two")
    campaign = story.campaign(
        "Welcome", on_event("signed_up"), send(template, speaks("nl"), otherwise="exit"), wait(1)
    )
    kim = story.contact("kim@example.com", locale="en")
    kim.did("signed_up")
    assert kim.mails() == []
    (journey,) = kim.journeys(campaign)
    assert (journey.state, "language" in journey.end_reason) == ("exited", True)


def test_a_merge_tag_without_value_or_default_stops_that_email_only(story: Story):
    """No half-empty email: it is not sent, says why, and the journey goes on (S9)."""
    template = story.template("Hello {{ contact.first_name }}")
    campaign = story.campaign("Hi", on_event("signed_up"), send(template), wait(1))
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com", first_name="Ada")
    kim.did("signed_up")
    ada.did("signed_up")
    assert (kim.mails(), ada.mails()) == ([], ["Hello Ada"])
    message = Message.objects.get(contact=kim.contact)
    assert message.state == Message.State.FAILED
    assert "contact.first_name" in message.reason
    assert kim.path(campaign) == ["send_email:passed", "wait:"]


def test_the_default_of_the_step_fills_the_gap(story: Story):
    """A default given in the step is printed where the contact has no value; an empty one prints nothing (S9)."""
    template = story.template("Hello {{ contact.first_name }}!")
    story.campaign("Hi", on_event("signed_up"), send(template, **{"contact.first_name": "friend"}))
    story.campaign("Ho", on_event("came_back"), send(template, **{"contact.first_name": ""}))
    kim = story.contact("kim@example.com")
    kim.did("signed_up")
    kim.did("came_back")
    assert kim.mails() == ["Hello friend!", "Hello !"]


def test_a_contact_without_an_address_goes_on_without_the_email(story: Story):
    """Somebody known by an external id only gets no email; the message says so and the journey goes on."""
    template = story.template("Hello")
    campaign = story.campaign("Hi", on_event("signed_up"), send(template), wait(1))
    from wagtail_journeys.ingest import track

    track("signed_up", external_id="user-7", occurred_at=story.now)
    story.run()
    message = Message.objects.get()
    assert "no email address" in message.reason
    assert message.contact.journeys.get(campaign=campaign).state == "active"


def test_the_same_event_five_times_is_one_entry_and_one_email(story: Story):
    """An event delivered five times, out of order with others, enters once and sends once (E4)."""
    template = story.template("Hello")
    story.campaign("Hi", on_event("signed_up"), send(template), frequency="every_time", may_overlap=True)
    kim = story.contact("kim@example.com")
    kim.did("signed_up", message_id="m1", run=False)
    kim.did("page_view", message_id="m2", run=False)
    for _again in range(4):
        kim.did("signed_up", message_id="m1")
    assert kim.mails() == ["Hello"]
    assert len(kim.journeys()) == 1
