"""Where journeys stand, and why they have not gone on yet, in a sentence for each."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.conf import conf
from wagtail_journeys.journeys.models import Journey, Refusal, Visit
from wagtail_journeys.reporting.sentences import StepWords, duration, sentence, words_of

#: Rows shown of each list of one contact.
SHOWN, ENDED_SHOWN = 100, 20

#: What the list of those inside a campaign can be narrowed to.
SHOW = {
    "": _("Everybody inside"),
    "late": _("Due, and not moved"),
    "trying": _("Tried again"),
    "failed": _("Failed"),
}


@dataclass(frozen=True)
class Standing:
    """Where a journey stands, or ended, and why."""

    journey: Journey
    step: StepWords
    why: str

    @property
    def is_trouble(self) -> bool:
        return self.journey.state == Journey.State.FAILED or bool(
            self.journey.attempts and self.journey.state == Journey.State.ACTIVE
        )

    @property
    def text(self) -> str:
        """ "Waits at “wait 2 days” until Tue 3 Mar 2026, 09:00 CET. Goes on in 2 h." """
        journey = self.journey
        words = {"step": self.step.text}
        if journey.state == Journey.State.ACTIVE:
            if journey.due_at and self.waits:
                words["moment"] = moment(journey.due_at)
                said = _t("Waits at “%(step)s” until %(moment)s.") % words
            else:
                said = _t("Stands at “%(step)s”.") % words
            return f"{said} {self.why}"
        words["moment"] = moment(journey.ended_at or journey.entered_at)
        if journey.state == Journey.State.COMPLETED:
            return " ".join([_t("Came to the end on %(moment)s.") % words, self.why]).strip()
        if journey.state == Journey.State.FAILED:
            return " ".join([_t("Failed at “%(step)s” on %(moment)s.") % words, self.why]).strip()
        return " ".join([_t("Left at “%(step)s” on %(moment)s.") % words, self.why]).strip()

    @property
    def waits(self) -> bool:
        """Whether only the time keeps it here."""
        journey = self.journey
        return journey.campaign.moves and not journey.attempts and not self.step.awaits


def moment(at: datetime.datetime) -> str:
    """ "Tue 3 Mar 2026, 09:00 CET", in the reader's zone."""
    return date_format(localtime(at), "D j M Y, H:i T")


def with_errors(journeys: QuerySet[Journey]) -> QuerySet[Journey]:
    """Journeys with ``error``: what their visit says, e.g. why its step is tried again."""
    error = Visit.objects.filter(pk=OuterRef("visit_id")).values("reason")
    return journeys.select_related("campaign").annotate(error=Subquery(error))


def told(journeys: Iterable[Journey], now: datetime.datetime) -> list[Standing]:
    """The same for these journeys, which come ``with_errors``. One statement, or none."""
    journeys = list(journeys)
    words = words_of(journey.version_id for journey in journeys)
    unknown = StepWords(_t("a step that is gone"))
    found = []
    for journey in journeys:
        step = words.get(journey.version_id, {}).get(journey.step_id, unknown)
        found.append(Standing(journey, step, why(journey, step, now)))
    return found


def standings(contact_id: int, now: datetime.datetime) -> list[Standing]:
    """Those of one contact: active ones first, then the newest that have ended. Three statements at most."""
    mine = with_errors(Journey.objects.filter(contact_id=contact_id))
    active = mine.filter(state=Journey.State.ACTIVE).order_by(F("due_at").asc(nulls_last=True), "pk")
    ended = mine.exclude(state=Journey.State.ACTIVE).order_by("-entered_at", "-pk")
    return told([*active[:SHOWN], *ended[:ENDED_SHOWN]], now)


def refusals(contact_id: int, campaign_id: int | None = None) -> list[Refusal]:
    """Why the contact was not let in, the newest first. One statement."""
    found = Refusal.objects.filter(contact_id=contact_id).select_related("campaign")
    if campaign_id is not None:
        found = found.filter(campaign_id=campaign_id)
    return list(found.order_by("-last_at")[:SHOWN])


def inside(campaign: Campaign, now: datetime.datetime, step: str = "", show: str = "") -> QuerySet[Journey]:
    """The journeys of a campaign that are not over, those that are late first; narrowed to a step, or to trouble."""
    state = Journey.State.FAILED if show == "failed" else Journey.State.ACTIVE
    found = Journey.objects.filter(campaign=campaign, state=state)
    if step:
        found = found.filter(step_id=step)
    if show == "failed":
        return found.order_by("-pk")
    if show == "trying":
        found = found.filter(attempts__gt=0)
    if show == "late":
        found = found.filter(Q(due_at__lte=now - datetime.timedelta(seconds=conf.HEALTH_LATE)))
    return found.order_by(F("due_at").asc(nulls_last=True), "pk")


def why(journey: Journey, step: StepWords, now: datetime.datetime) -> str:
    """Why a journey has not gone on yet, or has ended."""
    campaign = journey.campaign
    if journey.state != Journey.State.ACTIVE:
        return sentence(journey.end_reason)
    if campaign.state == Campaign.State.ENDED:
        return _t("The campaign has ended: the contact will be taken out.")
    if not campaign.moves:
        if campaign.live:
            return _t("The campaign is paused: nothing moves until somebody resumes it.")
        return _t("The campaign is not live: nothing moves until it is published again.")
    if journey.attempts:
        tried = ngettext("Failed %d time", "Failed %d times", journey.attempts) % journey.attempts
        error = getattr(journey, "error", "")
        again = ""
        if journey.due_at and journey.due_at > now:
            again = " " + _t("Tried again in %s.") % duration(journey.due_at - now)
        return sentence(f"{tried}: {error}" if error else tried) + again
    if journey.due_at is None:
        return _t("Waits for something to happen.")
    if journey.due_at <= now:
        late = now - journey.due_at
        if late.total_seconds() > conf.HEALTH_LATE:
            return _t("Due for %s, and nobody has moved it: does a cluster run?") % duration(late)
        return _t("Due: it goes on when a cluster looks at the queue.")
    if step.awaits:
        words = {"what": step.awaits, "time": duration(journey.due_at - now)}
        return _t("Waits for %(what)s; asked again in %(time)s if nothing happens before.") % words
    return _t("Goes on in %s.") % duration(journey.due_at - now)
