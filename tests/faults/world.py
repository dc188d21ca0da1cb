"""A site whose clusters get killed: its campaign, what must be true of it in the end, and who keeps count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Count
from django.utils import timezone

from tests.faults.visitors import JOINED, SOURCE, address
from tests.scenarios.story import Story, on_event, send, update
from tests.support.mail import MailServer
from wagtail_journeys import jobs
from wagtail_journeys.models import Campaign, Contact, Event, InboxItem, Journey, Message, Visit
from wagtail_journeys.reporting import campaigns as reporting

SUBJECTS = ("Welcome", "One more thing")


@dataclass
class World:
    """``settled`` says whether everything has come to its end; ``expect_once`` that it came there once."""

    campaign: Campaign
    mail_server: MailServer

    @classmethod
    def of(cls, mail_server: MailServer, pause: int = 1) -> World:
        """Event → email → pause → one point more → email. Every joining would start it: an event counts once (E4)."""
        story = Story()
        story.now = timezone.now()
        first, second = (story.template(subject) for subject in SUBJECTS)
        campaign = story.campaign(
            "Welcome",
            on_event(JOINED),
            send(first),
            {"type": "hostapp_pause", "value": {"seconds": pause}},
            update("points", "increment", "1"),
            send(second),
            frequency=Campaign.Frequency.EVERY_TIME,
            may_overlap=True,
        )
        jobs.ensure_schedules()
        return cls(campaign, mail_server)

    # How far it is -----------------------------------------------------------------------------------------------------

    def left(self, people: int) -> dict[str, object]:
        """What is still on its way, and how much of it."""
        return {
            "journeys to come": people - Journey.objects.count(),
            "inbox": InboxItem.objects.filter(dead_at__isnull=True).count(),
            "journeys": Journey.objects.filter(state=Journey.State.ACTIVE).count(),
            # Also those that were sent and of which nobody has been told so yet.
            "messages": Message.objects.filter(due_at__isnull=False).count(),
        }

    def settled(self, people: int) -> bool:
        return not any(self.left(people).values())

    # What must be true -------------------------------------------------------------------------------------------------

    def expect_once(self, people: int, accepted: Iterable[str]) -> dict[str, int]:
        """Everything happened, and happened once. Returns the messages by state."""
        self._facts(set(accepted))
        self._journeys(people)
        return self._messages(people)

    def _facts(self, accepted: set[str]) -> None:
        assert list(InboxItem.objects.values_list("error", flat=True)) == []  # no dead letters, nothing left
        logged = Counter(Event.objects.filter(source=SOURCE).values_list("message_id", flat=True))
        assert accepted <= logged.keys(), f"lost: {sorted(accepted - logged.keys())[:10]}"
        assert [message_id for message_id, count in logged.items() if count > 1] == []
        ours = Counter(Event.objects.filter(source="engine").values_list("name", flat=True))
        assert ours["journey_entered"] == ours["journey_ended"] == Journey.objects.count()

    def _journeys(self, people: int) -> None:
        expected = {address(number) for number in range(1, people + 1)}
        assert Counter(Journey.objects.values_list("contact__email", flat=True)) == Counter(expected)
        order = self.campaign.current_version.graph["order"]
        assert len(order) == 4
        paths: dict[int, list[str]] = {}
        visits = Visit.objects.order_by("journey", "arrived_at", "left_at", "pk")
        for journey, step_id, outcome in visits.values_list("journey", "step_id", "outcome"):
            assert outcome == Visit.Outcome.PASSED
            paths.setdefault(journey, []).append(step_id)
        assert [path for path in paths.values() if path != order] == []
        assert len(paths) == people
        points = Contact.objects.filter(email__in=expected).values_list("points").annotate(n=Count("pk"))
        assert dict(points.order_by()) == {1: people}
        numbers = reporting.numbers(self.campaign).journeys
        assert numbers["entered"] == people
        assert numbers["entered"] == sum(
            numbers[name] for name in ("active", "completed", "exited", "failed")
        )

    def _messages(self, people: int) -> dict[str, int]:
        handed_over = self.mail_server.by_message_id
        assert self.mail_server.doubled == {}
        letters = Counter(
            (received.recipients, str(received.message["Subject"]))
            for received in list(self.mail_server.messages)
        )
        assert [letter for letter, count in letters.items() if count > 1] == []

        messages = list(Message.objects.all())
        assert len(messages) == len(SUBJECTS) * people
        assert handed_over.keys() <= {message.header_id for message in messages}
        states = Counter(message.state for message in messages)
        assert states.keys() <= {Message.State.SENT, Message.State.UNKNOWN}, states
        for message in messages:
            assert message.settled_at and message.due_at is None
            if message.state == Message.State.SENT:
                assert handed_over[message.header_id] == 1, f"never arrived: {message.pk}"
            else:
                assert message.reason  # what is uncertain says so
        shown = reporting.numbers(self.campaign).steps.values()
        for state in ("sent", "unknown"):
            assert sum(step.messages[state] for step in shown) == states[state]
        return dict(states)


def read(ledger: Path) -> list[str]:
    return ledger.read_text().split() if ledger.exists() else []
