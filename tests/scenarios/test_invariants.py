"""Random campaigns, contacts, edits, pauses, clocks and crashes; after every move what must always be true is looked at."""

from __future__ import annotations

import copy
import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.scenarios.story import (
    Person,
    Story,
    branch,
    leave,
    on_event,
    points,
    send,
    speaks,
    split,
    until,
    wait,
)
from wagtail_journeys import pipeline
from wagtail_journeys.campaigns import versions
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.exceptions import NotPossible
from wagtail_journeys.journeys import lifecycle, publishing, wakeups
from wagtail_journeys.models import Campaign, Contact, Journey, Message, Topic, Visit
from wagtail_journeys.reporting import campaigns as counting
from wagtail_journeys.streams import with_ids

PEOPLE = ["ann@example.com", "bob@example.com", "cas@example.com"]
EVENTS = ["signed_up", "ordered"]


class Crash(BaseException):
    """The process is gone, as after kill -9: nothing catches this."""


def crash_at(statement: int) -> Callable[..., Any]:
    left = [statement]

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            return run(sql, params, many, context)
        left[0] -= 1
        if left[0] < 0:
            raise Crash
        return run(sql, params, many, context)

    return execute


def steps(depth: int = 1) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few steps; a template is named by 0 and put in later."""
    simple = [
        st.builds(wait, st.integers(0, 30), st.sampled_from(["hours", "days"])),
        st.just({"type": "send_email", "value": 0}),
        st.builds(points, st.integers(1, 9)),
        st.just(leave("enough")),
    ]
    if depth:
        inner = steps(depth - 1)
        simple += [
            st.builds(lambda yes, no: branch(speaks("nl"), yes=yes, no=no), inner, inner),
            st.builds(lambda a, b: split(("A", 50, a), ("B", 50, b), control="B"), inner, inner),
            st.builds(lambda a, b: until(speaks("nl"), happened=a, timed_out=b), inner, inner),
        ]
    return st.lists(st.one_of(simple[:2] + simple), max_size=4 if depth else 2)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # deliveries may commit inside of it, as inside of a test's own
        self.atomic.__enter__()
        mail.outbox.clear()
        versions.graph.cache_clear()
        wakeups.listening.cache_clear()
        self.story = Story()
        self.template = self.story.template("Hello")
        self.topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
        for number, email in enumerate(PEOPLE):
            self.story.contact(email, locale=["nl", "en"][number % 2])
        self.told: list[tuple[str, str, str]] = []
        self.silent: set[str] = set()
        self.looked = 0
        self.campaign: Campaign

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def blocks(self, drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
        def fill(value: Any) -> Any:
            if isinstance(value, dict) and value.get("type") == "send_email" and value["value"] == 0:
                return send(self.template)
            if isinstance(value, dict):
                return {key: fill(item) for key, item in value.items()}
            return [fill(item) for item in value] if isinstance(value, list) else value

        return with_ids(fill(copy.deepcopy(drawn)))

    @initialize(drawn=steps(), frequency=st.sampled_from(["once", "every_time"]), overlap=st.booleans())
    def goes_live(self, drawn: list[dict[str, Any]], frequency: str, overlap: bool) -> None:
        self.campaign = self.story.campaign(
            "Random", on_event("signed_up"), *self.blocks(drawn),
            frequency=frequency, may_overlap=overlap, topic=self.topic, goal=[on_event("ordered")], stop_on_goal=overlap,
        )  # fmt: skip

    # Moves ------------------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from(PEOPLE), name=st.sampled_from(EVENTS))
    def does(self, who: str, name: str) -> None:
        message_id = Person(self.story, who, anonymous=False).did(name)
        self.told.append((who, name, message_id))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def is_told_again(self, data: st.DataObject) -> None:
        who, name, message_id = data.draw(st.sampled_from(self.told))
        before = Journey.objects.count()
        Person(self.story, who, anonymous=False).did(name, message_id=message_id)
        assert Journey.objects.count() == before

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.story.after(hours=hours)

    @rule(hours=st.integers(1, 40))
    def the_clock_jumps_back_for_a_moment(self, hours: int) -> None:
        pipeline.tick(self.story.now - datetime.timedelta(hours=hours))

    @rule(statement=st.integers(0, 60), hours=st.integers(0, 30))
    def the_worker_dies(self, statement: int, hours: int) -> None:
        self.story.now += datetime.timedelta(hours=hours)
        with connection.execute_wrapper(crash_at(statement)):
            try:
                self.story.run()
            except Crash:
                pass

    @rule(who=st.sampled_from(PEOPLE), language=st.sampled_from(["nl", "en"]))
    def speaks_another_language(self, who: str, language: str) -> None:
        Person(self.story, who, anonymous=False).says(locale=language)

    @rule(who=st.sampled_from(PEOPLE), suppressed=st.booleans())
    def wants_no_more(self, who: str, suppressed: bool) -> None:
        if suppressed:
            suppression.suppress(who, "manual", "", self.story.now)
        else:
            contact = Contact.objects.get(email=who)
            consent.record([contact], self.topic, consent.REFUSED, "test", self.story.now)
        self.silent.add(who)

    @rule(data=st.data(), follow=st.sampled_from(["new", "old"]), removed=st.sampled_from(["go_on", "exit"]))
    def is_edited(self, data: st.DataObject, follow: str, removed: str) -> None:
        campaign = Campaign.objects.get(pk=self.campaign.pk)
        blocks = campaign.raw_steps
        kind = data.draw(st.sampled_from(["remove", "insert", "reorder"]))
        if kind == "remove" and blocks:
            blocks.pop(data.draw(st.integers(0, len(blocks) - 1)))
        elif kind == "reorder" and blocks:
            blocks.append(blocks.pop(0))
        else:
            place = data.draw(st.integers(0, len(blocks)))
            blocks[place:place] = self.blocks(data.draw(steps()))
        campaign.steps, campaign.inside_follow, campaign.inside_removed = with_ids(blocks), follow, removed
        campaign.save()
        publishing.published(campaign, self.story.now)
        self.story.run()

    @rule(
        overdue=st.sampled_from(["now", "skip", "exit"]), move=st.sampled_from(["pause", "resume", "resume"])
    )
    def is_paused_or_resumed(self, overdue: str, move: str) -> None:
        campaign = Campaign.objects.get(pk=self.campaign.pk)
        try:
            if move == "pause":
                lifecycle.pause(campaign, None, self.story.now)
            else:
                lifecycle.resume(campaign, None, self.story.now, overdue)
        except NotPossible:
            return
        self.story.run()

    # What is always true ----------------------------------------------------------------------------------------------

    @invariant()
    def every_journey_is_counted_once(self) -> None:
        found = counting.numbers(self.campaign).journeys
        assert found["entered"] == sum(found[name] for name in ("active", "completed", "exited", "failed"))
        assert found["failed"] == 0, list(Journey.objects.values_list("end_reason", flat=True))

    @invariant()
    def nobody_is_at_two_places(self) -> None:
        ended = (
            Visit.objects.filter(left_at__isnull=True).exclude(journey__state="active").exclude(outcome="")
        )
        assert not ended.exists()
        open_ones = Visit.objects.filter(left_at__isnull=True, journey__state="active")
        assert max(Counter(open_ones.values_list("journey", flat=True)).values(), default=0) <= 1
        assert not open_ones.exclude(step_id=F("journey__step_id")).exists()

    @invariant()
    def nobody_is_at_a_step_that_is_not_there(self) -> None:
        for step_id, graph in Visit.objects.values_list("step_id", "version__graph"):
            assert step_id in graph["nodes"]
        for step_id, graph in Journey.objects.filter(state="active").values_list("step_id", "version__graph"):
            assert step_id in graph["nodes"]

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        sent = [message.extra_headers["Message-ID"] for message in mail.outbox]
        assert len(sent) == len(set(sent))
        per_visit = Counter(Message.objects.exclude(visit=None).values_list("visit", flat=True))
        assert max(per_visit.values(), default=0) <= 1
        assert len(sent) <= Message.objects.filter(state__in=["sent", "handing_over", "unknown"]).count()

    @invariant()
    def nothing_is_sent_to_who_wants_no_more(self) -> None:
        fresh, self.looked = mail.outbox[self.looked :], len(mail.outbox)
        assert not {address for message in fresh for address in message.to} & self.silent_before()

    def silent_before(self) -> set[str]:
        """Those who had said so when the last move began: what they do not want is not sent by any later one."""
        before, self._silent = getattr(self, "_silent", set()), set(self.silent)
        return before


@pytest.mark.faults
@pytest.mark.django_db
def test_what_is_always_true(long_faults: bool) -> None:
    """Whatever happens: numbers add up, nobody is at two places, nothing is sent twice or to who said no (Q1, S8, C2, P3, G4)."""
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=150 if long_faults else 7,
            stateful_step_count=30 if long_faults else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
