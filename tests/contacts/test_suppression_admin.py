from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.emails.making import NOW, make_contact
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import Suppression, address_hash
from wagtail_journeys.models import Membership, Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


def url(name: str, *args: Any) -> str:
    return reverse(f"journeys_suppressions:{name}", args=args)


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com", "x"))
    return client


def colleague(*codenames: str) -> Client:
    group = Group.objects.create(name="-".join(codenames))
    group.permissions.add(*Permission.objects.filter(codename__in=[*codenames, "access_admin"]))
    user = User.objects.create_user(f"user-{group.pk}", password="x")
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    return client


def test_the_list(admin: Client) -> None:
    """Empty it says what it is for; then it is searched by whole address and filtered by reason, and costs the same for
    more rows."""
    assert "No suppressed addresses" in admin.get(url("index")).content.decode()
    suppression.suppress("ann@example.com", "complaint", "Said so", NOW)
    suppression.suppress("bob@example.com", "hard_bounce", "550 5.1.1", NOW)
    page = admin.get(url("index"), {"q": " Ann@example.com"}).content.decode()
    assert address_hash("ann@example.com")[:16] in page
    assert address_hash("bob@example.com")[:16] not in page
    assert "550 5.1.1" in admin.get(url("index"), {"reason": "hard_bounce"}).content.decode()
    assert "Said so" not in admin.get(url("index"), {"reason": "hard_bounce"}).content.decode()
    counts = []
    for number in (0, 30):
        suppression.suppress_many([f"p{number}-{n}@x.org" for n in range(number)], "manual", "", NOW)
        with CaptureQueriesContext(connection) as captured:
            admin.get(url("index"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_adding_by_hand(admin: Client) -> None:
    """The address is not kept, nor in the log."""
    assert admin.post(url("add"), {"address": "Ann@example.com", "note": "By phone"}).status_code == 302
    row = Suppression.objects.get()
    assert (row.address_hash, row.reason, row.note) == (address_hash("ann@example.com"), "manual", "By phone")
    assert "ann@" not in str(list(ModelLogEntry.objects.values_list("label", "data"))).lower()
    assert (
        "suppressed already"
        in admin.post(url("add"), {"address": "ann@example.com"}, follow=True).content.decode()
    )
    assert admin.post(url("add"), {"address": "nobody"}).status_code == 200
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname,Email\nAnn,ann@example.com\nBob, BOB@example.com \nBob,bob@example.com\nX,nobody\nY,\n",
        b"ann@example.com\nbob@example.com\nnobody\n",
        f"address_hash\n{address_hash('ann@example.com')}\n{address_hash('bob@example.com').upper()}\nno\n".encode(),
    ],
)
def test_importing(content: bytes, admin: Client) -> None:
    """The file is counted first and nothing happens; the button of the second page does it, once."""
    suppression.suppress("bob@example.com", "complaint", "", NOW)
    given = SimpleUploadedFile("list.csv", content)
    page = unescape(admin.post(url("import"), {"file": given, "note": "From before"}).content.decode())
    assert re.findall(r"<dd>(\d+)</dd>", page) == ["1", "1", "1"]
    assert "example.com" not in page
    assert Suppression.objects.count() == 1
    packed = re.search(r'name="packed" value="([^"]+)"', page).group(1)
    for _time in range(2):
        assert admin.post(url("import"), {"packed": packed, "note": "From before"}).status_code == 302
    assert dict(Suppression.objects.values_list("reason", "note")) == {
        "manual": "From before",
        "complaint": "",
    }
    forged = admin.post(url("import"), {"packed": packed[:-2] + "xx"}, follow=True).content.decode()
    assert "once more" in forged


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.exe", b"ann@example.com", "ending .csv"),
        ("list.csv", b"", "file is empty"),
        ("list.csv", b"\xff\xfe\x00", "cannot be read"),
        ("list.csv", b"name\nAnn\n", "no address"),
        ("list.csv", b"email\n" + b"a@example.com\n" * 20_001, "more than 20000 rows"),
    ],
)
def test_files_that_are_no_good(name: str, content: bytes, said: str, admin: Client) -> None:
    page = admin.post(url("import"), {"file": SimpleUploadedFile(name, content)}).content.decode()
    assert said in unescape(page)
    assert not Suppression.objects.exists()


def test_exporting(admin: Client) -> None:
    """Hashes go out, and a note is no formula in a spreadsheet."""
    suppression.suppress("ann@example.com", "manual", "=1+1", NOW)
    answer = admin.get(url("export"), {"format": "csv"})
    lines = answer.content.decode().splitlines()
    assert lines[0] == "address_hash,reason,note,since"
    assert lines[1].startswith(f"{address_hash('ann@example.com')},manual,'=1+1,2026-03-02")
    assert admin.get(url("export"), {"format": "xlsx"}).content[:2] == b"PK"


def test_lifting(admin: Client) -> None:
    """It needs its own permission and a reason, which stays in the log; segments look at the contact again at once."""
    ann = make_contact()
    suppression.suppress(ann.email, "complaint", "", NOW)
    row = Suppression.objects.get()
    rule = {"type": "suppressed", "value": {"mode": "not_suppressed", "reason": ""}}
    segment = Segment(name="Reachable", rules=with_ids([rule]))
    segment.save()
    segment.save_revision().publish()
    pipeline.rebuild(timezone.now())
    assert not Membership.objects.filter(contact=ann, left_at=None).exists()
    looker = colleague("view_suppression", "add_suppression")
    assert looker.get(url("index")).status_code == 200
    assert "Send to it again" not in looker.get(url("index")).content.decode()
    assert looker.post(url("lift", row.pk), {"reason": "x"}).status_code in (302, 403)
    assert Suppression.objects.exists()
    assert url("lift", row.pk) in admin.get(url("index")).content.decode()
    assert "complaint" in admin.get(url("lift", row.pk)).content.decode()
    assert admin.post(url("lift", row.pk), {"reason": ""}).status_code == 200
    assert Suppression.objects.exists()
    assert admin.post(url("lift", row.pk), {"reason": "She asked for it"}).status_code == 302
    assert consent.suppressed_contacts([ann.pk]) == set()
    logged = ModelLogEntry.objects.get(action="wagtail_journeys.lift_suppression")
    assert logged.data["reason"] == "She asked for it"
    assert Membership.objects.filter(contact=ann, left_at=None, segment=segment).exists()


def test_permissions() -> None:
    """Who may only look can neither add nor import; who may nothing does not get in."""
    looker, nobody = colleague("view_suppression"), colleague("view_topic")
    assert looker.get(url("index")).status_code == 200
    assert looker.get(url("export")).status_code == 200
    for name in ("add", "import"):
        assert looker.get(url(name)).status_code == 302
    for name in ("index", "export", "add", "import"):
        assert nobody.get(url(name)).status_code == 302
