"""The example site with its demo, on a database of its own, served to a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from wagtail.users.models import UserProfile
from wagtail.utils.version import get_main_version

from tests.support.database import Database, remove_directory
from tests.support.site import RunningSite

#: Enough for every picture to have something to show, and loaded in less than a minute.
DAYS, PEOPLE = 28, 160


def no_news_of_wagtail() -> None:
    """The badge on the Help menu would make every picture old with Wagtail's next version."""
    profile = UserProfile.get_for_user(get_user_model().objects.get(username="editor"))
    release = get_main_version(include_patch=False)
    profile.dismissibles = {f"whats-new-in-wagtail-{release}": True, "editor-guide": True}
    profile.save()


@contextmanager
def demo_site() -> Iterator[str]:
    """The address of the demo. Database, files and server are gone afterwards."""
    settings.TEST_DIR.mkdir(parents=True, exist_ok=True)
    made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
    try:
        call_command("load_site")
        call_command("load_demo", days=DAYS, people=PEOPLE)
        no_news_of_wagtail()
        database = Database(settings.TEST_DATABASE, str(connection.settings_dict["NAME"]))
        with RunningSite(database, env={"DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}) as site:
            yield site.ready().url
    finally:
        teardown_databases(made, verbosity=0)
        remove_directory()
