from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.utils import translation
from playwright.sync_api import BrowserContext

from tests.support import services
from tests.support.browsing import Errors, browsing
from tests.support.cluster import RunningCluster
from tests.support.database import Database, keep_template, remove_directory, temporary_copy
from tests.support.mail import MailServer
from tests.support.site import SiteHere

#: What the database hardly matters to, and what takes its time: forms, words and documents. Once is enough where both run.
ONCE = (
    "tests/admin/",
    "tests/campaigns/",
    "tests/golden/",
    "tests/ingest/test_hostile.py",
    "tests/ingest/test_openapi.py",
    "tests/scenarios/test_invariants.py",
    "tests/test_docs.py",
    "tests/test_translations.py",
)


def pytest_configure(config: pytest.Config) -> None:
    if settings.TEST_DATABASE == "postgres" and not services.postgres_reachable():
        pytest.exit(
            "TEST_DATABASE=postgres, but PostgreSQL is not reachable: see PGHOST and PGPORT.", returncode=3
        )
    settings.TEST_DIR.mkdir(parents=True, exist_ok=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ.get("TEST_RUN") == str(os.getpid()):
        remove_directory()


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {settings.TEST_DATABASE}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that is about one database is not about the other: it runs in the other run."""
    both = os.environ.get("TEST_BOTH") and services.postgres_reachable()
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and marker.kwargs.get("transaction"):
            # It would empty every table for the tests after it; with the fixture a test commits in a database of its own.
            pytest.exit(
                f"{item.nodeid}: use the fixture own_database instead of transaction=True", returncode=3
            )
        for vendor in ("postgres", "sqlite"):
            if item.get_closest_marker(vendor) and vendor != settings.TEST_DATABASE:
                item.add_marker(
                    pytest.mark.skip(reason=f"about {vendor}; this run is on {settings.TEST_DATABASE}")
                )
        if settings.TEST_DATABASE == "sqlite" and both and item.nodeid.startswith(ONCE):
            item.add_marker(
                pytest.mark.skip(reason="the same on every database; the run on postgres does it")
            )
        if item.get_closest_marker("browser"):
            if settings.TEST_DATABASE == "sqlite" and both:
                # What a browser sees does not depend on the database, and takes its time: once is enough.
                item.add_marker(pytest.mark.skip(reason="in a browser; the run on postgres does it"))
            # The site runs in threads of this process: when it lets go of an uploaded file is not the test's matter.
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            # A browser on a busy machine misses its moment now and then; the summary names what was run again.
            item.add_marker(pytest.mark.flaky(reruns=3))
        elif "own_database" in getattr(item, "fixturenames", ()):
            # So does a cluster, a server or a supervisor that has to start in time.
            item.add_marker(
                pytest.mark.flaky(
                    reruns=2, only_rerun=["NeverHappened", "TimeoutExpired", "OperationalError"]
                )
            )


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: pytest.FixtureDef
) -> Iterator[Database]:
    """The run's migrated database, and the template copied from it before any test writes."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
        template = keep_template()
    yield template
    with django_db_blocker.unblock():
        template.drop()
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def the_language_of_the_site() -> None:
    """A request for a page in another language leaves that language behind in its thread, which is ours here."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def no_graphs_of_other_tests() -> None:
    """Compiled graphs are kept by the id of their version, and a rolled back test gives its ids to the next one."""
    from wagtail_journeys.campaigns import versions
    from wagtail_journeys.journeys import wakeups

    versions.graph.cache_clear()
    wakeups.listening.cache_clear()


@pytest.fixture(autouse=True)
def no_declarations_of_other_tests() -> None:
    """What a process remembers of the catalogue of events belongs to a database that is rolled back."""
    from wagtail_journeys.events import catalogue

    catalogue.forget()


@pytest.fixture
def own_database(django_db_setup: Database, django_db_blocker: pytest.FixtureDef) -> Iterator[Database]:
    """A database of the test's own that other processes see, with Wagtail's first rows in it; the ORM works on it.

    Not to be combined with ``db``, which keeps what a test writes to itself.
    """
    with django_db_blocker.unblock(), temporary_copy(django_db_setup) as database:
        yield database


@pytest.fixture
def start_cluster(own_database: Database) -> Iterator[Callable[..., RunningCluster]]:
    """``start_cluster(broker="redis", smtp_port=...)``: a real cluster on this test's database; call twice for two."""
    with ExitStack() as clusters:

        def start(**options: object) -> RunningCluster:
            return clusters.enter_context(RunningCluster(own_database, **options)).ready()

        yield start


@pytest.fixture
def live_site(own_database: Database) -> Iterator[SiteHere]:
    """The example site on this test's database, served to browsers."""
    with SiteHere() as site:
        yield site


@pytest.fixture
def browser(chromium_path: str, live_site: SiteHere) -> Iterator[BrowserContext]:
    """A fresh profile of a real browser on ``live_site``; a script error on any of its pages fails the test."""
    errors = Errors()
    with browsing(chromium_path, live_site.url) as context:
        context.on("page", errors.watch)
        yield context
    assert not errors


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def redis_service() -> str:
    services.need_redis()
    return services.REDIS_URL


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return services.need_chromium()


@pytest.fixture(scope="session")
def long_faults() -> bool:
    """Whether this is `make faults`: many kills, minutes long. Otherwise the short form that every run affords."""
    return os.environ.get("FAULTS") == "long"
