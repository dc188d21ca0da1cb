"""What the documentation says is true, as far as a program can tell."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.test import RequestFactory
from django.utils import timezone

from tests.support.processes import ROOT
from wagtail_journeys.campaigns import checks, steps, triggers
from wagtail_journeys.campaigns import conditions as journey_conditions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import Advance, WaitUntil
from wagtail_journeys.campaigns.steps.base import Group, Position
from wagtail_journeys.conf import DEFAULTS, conf
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import needs
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.events.models import Event
from wagtail_journeys.pipeline import drain
from wagtail_journeys.segments import conditions

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def text(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Pictures are made by `make screenshots`; everything else is in the repository."""
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())
    missing = [
        target for target in targets if not target.endswith(".png") and not (page.parent / target).exists()
    ]
    assert not missing


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    """docs/settings.md and conf.DEFAULTS name the same settings."""
    documented = re.findall(r"^\| `JOURNEYS_(\w+)` \|", text("docs/settings.md"), re.MULTILINE)
    assert sorted(documented) == sorted(DEFAULTS)


def test_every_option_of_journeys_run_is_explained() -> None:
    """And no option that is gone."""
    parser = load_command_class("wagtail_journeys", "journeys_run").create_parser("manage.py", "journeys_run")
    general = load_command_class("django.core", "check").create_parser("manage.py", "check")
    options = {option for action in parser._actions for option in action.option_strings}
    options -= {option for action in general._actions for option in action.option_strings} | {"--skip-checks"}
    section = text("docs/operations.md").partition("## One command")[2].partition("\n## ")[0]
    explained = set(
        re.findall(r"--[a-z-]+", "\n".join(re.findall(r"^\| (`--.*?) \|", section, re.MULTILINE)))
    )
    assert explained == options


def test_targets_that_pages_name_are_in_the_makefile() -> None:
    """`make help` and the pages agree."""
    targets = set(re.findall(r"^([a-z-]+)(?:-%)?:", text("Makefile"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert named <= targets


def test_every_system_check_has_its_line_and_every_line_its_check() -> None:
    """docs/operations.md and the code name the same checks."""
    documented = re.findall(r"^\| `(wagtail_journeys\.[EW]\d+)` \|", text("docs/operations.md"), re.MULTILINE)
    sources = [path.read_text() for path in (ROOT / "wagtail_journeys").rglob("checks.py")]
    assert sorted(documented) == sorted(re.findall(r'id="(wagtail_journeys\.[EW]\d+)"', "".join(sources)))


def test_every_rule_of_a_campaign_names_a_test_that_exists() -> None:
    """Each line of the tables in docs/semantics.md points to a test, by file and name."""
    rules = re.findall(r"^\| (?!rule |---)(.*) \|$", text("docs/semantics.md"), re.MULTILINE)
    assert len(rules) > 50
    missing = []
    for rule in rules:
        held_by = re.fullmatch(r"(.+) \| `(tests/[\w/]+\.py)::(test_\w+)`", rule)
        assert held_by, f"no test is named for: {rule}"
        _words, path, name = held_by.groups()
        if not (ROOT / path).exists() or f"def {name}(" not in text(path):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_the_examples_in_python_are_accepted(db: None, rf: RequestFactory) -> None:
    """What docs/installation.md tells from Python are two events of one person."""
    code = re.findall(
        r"```python\n(from wagtail_journeys\.ingest .*?)```", text("docs/installation.md"), re.DOTALL
    )
    request = rf.get("/", headers={"Cookie": f"{conf.VISITOR_COOKIE}={'a' * 32}"})
    exec(compile(code[0], "docs/installation.md", "exec"), {"request": request})  # noqa: S102  # our own page
    while drain(timezone.now()):
        pass
    (contact,) = Contact.objects.all()
    assert (contact.email, contact.first_name, contact.attributes) == (
        "mila@example.com",
        "Mila",
        {"plan": "pro"},
    )
    assert list(contact.events.order_by("pk").values_list("name", flat=True)) == [
        "identify",
        "order_completed",
    ]
    assert contact.identities.get().anonymous_id == "a" * 32


@pytest.fixture
def examples() -> Iterator[None]:
    """The classes of docs/extending.md, registered as a site's would be."""
    steps.registry.discover()
    conditions.registry.discover()
    triggers.registry.discover()
    checks.registry.discover()
    journey_conditions.registry.discover()
    needs.registry.discover()
    for code in re.findall(r"```python\n(# myapp/.*?)```", text("docs/extending.md"), re.DOTALL):
        exec(compile(code, "docs/extending.md", "exec"), {"__name__": "myapp"})  # noqa: S102  # our own page
    yield
    steps.registry.unregister("myapp_first_of_month")
    conditions.registry.unregister("myapp_points")
    triggers.registry.unregister("myapp_big_order")
    checks.registry.unregister("myapp_team")
    journey_conditions.registry.unregister("myapp_big_enough")
    needs.registry.unregister("myapp_voucher")


def test_the_example_step_works(examples: None) -> None:
    """It waits for the month after the one in which the journey arrived, then goes on."""
    arrived = datetime.datetime(2026, 12, 15, 14, 30, tzinfo=datetime.UTC)
    first = datetime.datetime(2027, 1, 1, 9, tzinfo=datetime.UTC)
    position = Position(journey=1, contact=2, arrived_at=arrived, entered_at=arrived, entry_event=None)
    step = steps.registry["myapp_first_of_month"]
    group = Group(campaign=1, step_id="a", positions=[position])

    assert step.decide(group, {}, arrived) == {1: WaitUntil(first)}
    assert step.decide(group, {}, first) == {1: Advance()}


def test_the_example_condition_works(examples: None) -> None:
    """Its query, its sentence and what it mentions are about the same thing."""
    condition = conditions.registry["myapp_points"]
    now = datetime.datetime(2026, 12, 15, tzinfo=datetime.UTC)

    assert condition.q({"at_least": 50}, now).children == [("points__gte", 50)]
    assert condition.describe({"at_least": 50}) == "has at least 50 points"
    assert condition.mentions({"at_least": 50}).fields == {"points"}


def test_the_example_check_works(examples: None) -> None:
    """It refuses a name without a team, and doubts a wait of minutes, at the wait."""
    wait = {"type": "wait", "id": "w", "value": {"amount": 5, "unit": "minutes", "at": None}}
    draft = checks.Draft(
        Campaign(name="Spring", steps=[wait]), datetime.datetime(2026, 12, 15, tzinfo=datetime.UTC)
    )
    found = [
        (finding.level, finding.field, finding.block)
        for finding in checks.registry["myapp_team"].findings(draft)
    ]
    assert found == [("error", "name", ""), ("warning", "steps", "w")]


def test_the_example_condition_on_a_journey_works(examples: None, db: None) -> None:
    """It looks at the event that started each journey."""
    now = datetime.datetime(2026, 12, 15, tzinfo=datetime.UTC)
    event = Event.objects.create(
        source="shop",
        message_id="1",
        name="order",
        occurred_at=now,
        received_at=now,
        properties={"total": 120},
    )
    group = Group(1, "a", [Position(1, 1, now, now, event.pk), Position(2, 2, now, now, None)])
    condition = journey_conditions.registry["myapp_big_enough"]
    assert condition.matching(group, {"total": 100}, now) == {1}
    assert condition.matching(group, {"total": 121}, now) == set()


def test_the_example_trigger_works(examples: None) -> None:
    """It listens to orders, and looks at what was paid."""
    trigger = triggers.registry["myapp_big_order"]

    def order(**properties: object) -> Recorded:
        now = datetime.datetime(2026, 12, 15, tzinfo=datetime.UTC)
        return Recorded("shop", "1", "order_completed", now, now, properties=properties)

    assert trigger.events({"at_least": 50}) == {"order_completed"}
    assert trigger.describe({"at_least": 50}) == "ordered for at least 50"
    answers = [
        trigger.matches({"at_least": 50}, order(**given), None)
        for given in ({"total": 50}, {"total": 49.9}, {})
    ]
    assert answers == [True, False, False]
