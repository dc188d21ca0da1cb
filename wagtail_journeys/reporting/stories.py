"""How one row is told on the timeline: a sentence, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from wagtail_journeys.calls.models import Call
from wagtail_journeys.calls.viewsets import call_url
from wagtail_journeys.contacts.models import ConsentEntry
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.journeys.models import Intervention, Journey, PendingEntry, Refusal, Visit
from wagtail_journeys.reporting.sentences import (
    StepWords,
    Titles,
    duration,
    event_detail,
    event_sentence,
    sentence,
)
from wagtail_journeys.segments.models import Membership

EVENT_ICONS = {
    catalogue.PAGE_VIEW: "view",
    catalogue.DOCUMENT_DOWNLOAD: "download",
    catalogue.FORM_SUBMIT: "form",
    catalogue.LOGIN: "user",
    catalogue.IDENTIFY: "user",
}

JOURNEY_URL_NAME = "journeys_journey"

GOOD, BAD, QUIET = "positive", "critical", ""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence, the reason below it, where to read more, and whether it is good or bad news.

    ``of`` says what the address is a page of: "message", "call" or "journey"; not everybody may read each.
    """

    text: str
    why: str = ""
    url: str = ""
    tone: str = QUIET
    icon: str = "history"
    of: str = ""


@dataclass(frozen=True)
class Words:
    titles: Titles
    steps: dict[int, dict[str, StepWords]] = field(default_factory=dict)

    def step(self, version_id: int, step_id: str) -> StepWords:
        return self.steps.get(version_id, {}).get(step_id) or StepWords(_t("a step that is gone"))


def journey_url(journey_id: int) -> str:
    """The page of one journey."""
    return reverse(JOURNEY_URL_NAME, args=[journey_id])


def event(row: Event, words: Words) -> Told:
    return Told(
        event_sentence(row, words.titles),
        event_detail(row),
        icon=EVENT_ICONS.get(row.name, "code"),
    )


def consent(row: ConsentEntry, words: Words) -> Told:
    granted = row.state == ConsentEntry.State.GRANTED
    text = _t("Agreed to get “%s”.") if granted else _t("Does not want “%s” any more.")
    parts = [_t("Source: %s") % row.source]
    if row.actor:
        parts.append(_t("entered by %s") % row.actor)
    if row.wording:
        parts.append(f"“{row.wording}”")
    return Told(text % row.topic.name, " · ".join(parts), tone=GOOD if granted else BAD, icon="key")


def segment_entered(row: Membership, words: Words) -> Told:
    return Told(_t("Entered the segment “%s”.") % row.segment.name, icon="group")


def segment_left(row: Membership, words: Words) -> Told:
    stayed = duration(row.left_at - row.entered_at) if row.left_at else ""
    return Told(
        _t("Left the segment “%s”.") % row.segment.name, _t("Was in it for %s") % stayed, icon="group"
    )


def pending(row: PendingEntry, words: Words) -> Told:
    name = row.campaign.name
    if row.state == PendingEntry.State.WAITING:
        until = date_format(localtime(row.deadline), "H:i T")
        text = _t("Could enter the campaign “%(campaign)s”, but does not match its filters yet.") % {
            "campaign": name
        }
        return Told(text, _t("Tested again on every change until %s") % until, icon="time")
    took = duration((row.decided_at or row.created_at) - row.created_at)
    if row.state == PendingEntry.State.ENTERED:
        return Told(
            _t("Matched the filters of the campaign “%(campaign)s” and entered after %(time)s.")
            % {"campaign": name, "time": took},
            tone=GOOD,
            icon="time",
        )
    if row.state == PendingEntry.State.REFUSED:
        text = _t("Matched the filters of the campaign “%(campaign)s” after %(time)s, but was not let in.")
    else:
        text = _t("Gave up waiting for the filters of the campaign “%(campaign)s” after %(time)s.")
    return Told(text % {"campaign": name, "time": took}, sentence(row.reason), tone=BAD, icon="time")


def refusal(row: Refusal, words: Words) -> Told:
    why = sentence(row.get_reason_display())
    if row.detail:
        why = f"{why} {sentence(row.detail)}"
    if row.count > 1:
        since = date_format(localtime(row.first_at), "j M Y")
        times = ngettext("%(count)d time since %(date)s.", "%(count)d times since %(date)s.", row.count)
        why = f"{why} {times % {'count': row.count, 'date': since}}"
    return Told(_t("Was not let into the campaign “%s”.") % row.campaign.name, why, tone=BAD, icon="no-view")


def journey_entered(row: Journey, words: Words) -> Told:
    return Told(
        _t("Entered the campaign “%s”.") % row.campaign.name,
        sentence(row.note),
        url=journey_url(row.pk),
        tone=GOOD,
        icon="login",
        of="journey",
    )


def journey_ended(row: Journey, words: Words) -> Told:
    name, why = row.campaign.name, sentence(row.end_reason)
    if row.state == Journey.State.COMPLETED:
        return Told(_t("Came to the end of the campaign “%s”.") % name, why, tone=GOOD, icon="success")
    if row.state == Journey.State.FAILED:
        return Told(_t("The campaign “%s” failed for this contact.") % name, why, tone=BAD, icon="warning")
    return Told(_t("Left the campaign “%s” before its end.") % name, why, icon="logout")


def visit(row: Visit, words: Words) -> Told:
    step = words.step(row.version_id, row.step_id)
    names = {"campaign": row.journey.campaign.name, "step": step.text}
    if row.left_at is None and row.journey.state != Journey.State.ACTIVE:
        text = _t("In “%(campaign)s”, was here when the journey ended: %(step)s.") % names
        return Told(text, sentence(row.reason), icon="logout")
    if row.left_at is None:
        text = _t("In “%(campaign)s”, is here now: %(step)s.")
        why = row.reason
        if not why and row.journey.due_at and row.journey.visit_id == row.pk:
            why = _t("Goes on at %s") % date_format(localtime(row.journey.due_at), "j M Y, H:i T")
        return Told(text % names, sentence(why), icon="time")
    if row.outcome == Visit.Outcome.SKIPPED:
        return Told(
            _t("In “%(campaign)s”, skipped: %(step)s.") % names, sentence(row.reason), icon="redirect"
        )
    if row.outcome == Visit.Outcome.FAILED:
        text = _t("In “%(campaign)s”, failed: %(step)s.") % names
        return Told(text, sentence(row.reason), tone=BAD, icon="warning")
    if row.outcome == Visit.Outcome.EXITED:
        text = _t("In “%(campaign)s”, left at: %(step)s.") % names
        return Told(text, sentence(row.reason), icon="logout")
    why = row.reason
    stayed = row.left_at - row.arrived_at
    if not why and stayed.total_seconds() >= 1:
        why = _t("Was there for %s") % duration(stayed)
    if row.arm:
        text = _t("In “%(campaign)s”, done: %(step)s → %(arm)s.") % {
            **names,
            "arm": step.arms.get(row.arm, row.arm),
        }
    else:
        text = _t("In “%(campaign)s”, done: %(step)s.") % names
    return Told(text, sentence(why), icon=step.icon)


def message(row: Message, words: Words) -> Told:
    subject = row.subject or (row.template.name if row.template else "") or _t("without a subject")
    texts = {
        Message.State.SENT: (_t("Was sent the email “%s”."), GOOD),
        Message.State.BOUNCED: (_t("The mail server refused the email “%s”."), BAD),
        Message.State.FAILED: (_t("The email “%s” could not be sent."), BAD),
        Message.State.CANCELLED: (_t("The email “%s” was not sent."), BAD),
        Message.State.UNKNOWN: (_t("The email “%s” was perhaps sent."), BAD),
        Message.State.DEFERRED: (_t("The email “%s” will be tried again."), QUIET),
        Message.State.QUEUED: (_t("The email “%s” is queued."), QUIET),
    }
    text, tone = texts.get(Message.State(row.state), (_t("The email “%s” is on its way."), QUIET))
    why = row.reason
    if not why and row.campaign:
        why = _t("Campaign “%s”") % row.campaign.name
    url = reverse("journeys_messages:inspect", args=[row.pk])
    return Told(text % subject, sentence(why), url=url, tone=tone, icon="mail", of="message")


def call(row: Call, words: Words) -> Told:
    place = {"place": f"{row.method} {row.host or row.url[:80]}"}
    texts = {
        Call.State.DONE: (_t("Told another system: %(place)s."), GOOD),
        Call.State.FAILED: (_t("Another system could not be told: %(place)s."), BAD),
        Call.State.CANCELLED: (_t("Another system was not told: %(place)s."), BAD),
        Call.State.UNKNOWN: (_t("Another system was perhaps told: %(place)s."), BAD),
        Call.State.DEFERRED: (_t("Another system will be told again: %(place)s."), QUIET),
        Call.State.HELD: (_t("The call is held back: %(place)s."), BAD),
        Call.State.QUEUED: (_t("The call is queued: %(place)s."), QUIET),
    }
    text, tone = texts.get(Call.State(row.state), (_t("The call is on its way: %(place)s."), QUIET))
    why = row.error
    if not why and row.response_status:
        why = _t("It answered %d") % row.response_status
    return Told(text % place, sentence(why), url=call_url(row.pk), tone=tone, icon="link-external", of="call")


def notice(row: Notice, words: Words) -> Told:
    texts = {
        Notice.State.SENT: (_t("Colleagues were told: “%s”."), QUIET),
        Notice.State.FAILED: (_t("Colleagues could not be told: “%s”."), BAD),
        Notice.State.UNKNOWN: (_t("Colleagues were perhaps told: “%s”."), BAD),
    }
    text, tone = texts.get(Notice.State(row.state), (_t("Colleagues are about to be told: “%s”."), QUIET))
    why = row.error or _t("To %s") % row.recipients
    return Told(text % row.subject, sentence(why), tone=tone, icon="mail")


def by_hand(row: Intervention, words: Words) -> Told:
    told = by_hand_words(row, words.step(row.version_id, row.step_id))
    return replace(told, why=f"{told.why} {_t('Campaign “%s”') % row.journey.campaign.name}.".strip())


def by_hand_words(row: Intervention, step: StepWords) -> Told:
    """What somebody did to a journey, and at which step."""
    names = {"name": row.by, "step": step.text}
    if row.action == Intervention.Action.TAKEN_OUT:
        text = _t("Taken out by %(name)s, at: %(step)s.")
    elif row.action == Intervention.Action.TRIED_AGAIN:
        text = _t("Tried again by %(name)s: %(step)s.")
    else:
        text = _t("Moved on by %(name)s, from: %(step)s.")
    why = _t("It had said: %s") % row.detail if row.detail else ""
    if row.arm:
        why = _t("By the way: %s") % step.arms.get(row.arm, row.arm)
    return Told(text % names, sentence(why), icon="user")
