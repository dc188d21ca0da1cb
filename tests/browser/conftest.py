from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from wagtail.models import Site

from tests.support.database import Database
from tests.support.site import RunningSite


@pytest.fixture
def live_site(own_database: Database) -> Iterator[RunningSite]:
    """The example site with its pages, documents and accounts, served to browsers."""
    call_command("load_site", stdout=StringIO())
    with RunningSite(own_database) as site:
        # Links in emails lead to the address that the site says it has.
        address = urlsplit(site.url)
        Site.objects.update(hostname=address.hostname, port=address.port)
        yield site.ready()
