from __future__ import annotations

import os
from urllib.parse import quote

import pytest
from django.core.signals import request_finished
from django.db import OperationalError, close_old_connections
from django.test import Client
from django.utils.http import http_date
from wagtail.models import Site

from wagtail_journeys.tracking import keeping, receivers

pytestmark = pytest.mark.django_db


def get(client: Client, document, **headers: str):
    response = client.get(document.url, headers=headers)
    if response.streaming:
        response.getvalue()  # reads the file to its end and closes it
    return response


def names(inbox) -> list[str]:
    return [event["name"] for event in inbox()]


def test_download(document, visitor, visitor_id, inbox):
    """A downloaded document becomes an event with the document, what it is called, the site and the visitor."""
    response = visitor.get(document.url, headers={"Accept-Language": "nl"})
    assert response.getvalue() == b"%PDF-1.4 a guide"
    (event,) = inbox()
    assert event.pop("message_id") and event.pop("occurred_at")
    assert event == {
        "source": "site",
        "name": "document_download",
        "anonymous_id": visitor_id,
        "document_id": document.pk,
        "site_id": Site.objects.get().pk,
        "url": f"http://testserver{quote(document.url)}",
        "properties": {
            "document_title": "Guide to heat pumps",
            "filename": document.filename,
            "collection": "Root",
            "locale": "nl",
        },
    }


def test_head(document, visitor, inbox):
    """Asking for the headers of a document is no download."""
    response = visitor.head(document.url)
    # The client drops the body of an answer to HEAD without closing the file; closing it must leave the database open.
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)
    assert response.status_code == 200
    assert names(inbox) == []


@pytest.mark.parametrize("value", ["bytes=0-1", "bytes=0-", "bytes=-500"])
def test_range(value, document, visitor, inbox):
    """A part of a document is no download: viewers fetch many."""
    get(visitor, document, Range=value)
    assert names(inbox) == []


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("etag", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_same_etag(etag, hashed, document, visitor, inbox):
    """A document that the browser has already (304 by ETag) is not downloaded again."""
    if hashed:
        document.get_file_hash()  # kept with the document from then on
    response = get(visitor, document, **{"If-None-Match": etag.format(document.file_hash)})
    assert response.status_code == 304
    assert names(inbox) == []


def test_not_modified_since(document, visitor, inbox):
    """A document that the browser has already (304 by date) is not downloaded again."""
    date = http_date(os.stat(document.file.path).st_mtime + 10)
    assert get(visitor, document, **{"If-Modified-Since": date}).status_code == 304
    assert names(inbox) == []


@pytest.mark.parametrize(
    "header",
    [
        {"If-None-Match": '"another"'},
        {"If-None-Match": "garbage"},
        {"If-Modified-Since": http_date(1)},
        {"If-Modified-Since": "yesterday"},
    ],
    ids=str,
)
def test_changed_since(header, document, visitor, inbox):
    """A conditional request that is answered with the document is a download."""
    assert get(visitor, document, **header).status_code == 200
    assert names(inbox) == ["document_download"]


@pytest.mark.parametrize(
    "header", [{"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}], ids=str
)
def test_prefetch(header, document, visitor, inbox):
    """A document that a browser fetches ahead of its user is kept, marked, and nobody's download."""
    assert get(visitor, document, **header).status_code == 200
    (event,) = inbox()
    assert event["properties"]["bot"] == "prefetch"
    assert "anonymous_id" not in event


@pytest.mark.parametrize(
    ("referrer", "locale"),
    [
        ("http://testserver/nl/gids/", "nl"),
        ("http://testserver/en/guide/", "en"),
        ("http://testserver/nlx/", "en"),
        ("http://elsewhere.example/nl/", "en"),
        ("http://[::1", "en"),
        ("nl", "en"),
        ("\x00\ud800".encode("utf-8", "replace").decode(), "en"),
        ("", "en"),
    ],
)
def test_language(referrer, locale, document, visitor, inbox):
    """The language of a download is that of the page the link was on; where unknown, that of the request."""
    get(visitor, document, Referer=referrer)
    assert inbox()[0]["properties"]["locale"] == locale


def test_visitor_unknown(document, inbox):
    """A download without our cookie is kept, as nobody's."""
    get(Client(), document)
    (event,) = inbox()
    assert "anonymous_id" not in event


def test_visitor_objects(document, visitor, inbox):
    """With Global Privacy Control a download is kept without its visitor."""
    get(visitor, document, **{"Sec-GPC": "1"})
    (event,) = inbox()
    assert "anonymous_id" not in event


def test_no_session(document, visitor, admin_user):
    """The session is not read for it: the document's answer does not vary by cookie."""
    visitor.force_login(admin_user)
    response = get(visitor, document)
    assert "Cookie" not in response.headers.get("Vary", "")


def test_event_cannot_be_kept(document, visitor, monkeypatch, caplog):
    """A visitor gets the document also where the event cannot be kept; the log says so."""

    def away(*args: object) -> None:
        raise OperationalError("the database is read-only")

    monkeypatch.setattr(keeping, "accept", away)
    assert get(visitor, document).status_code == 200
    assert "could not be kept: document_download" in caplog.text


def test_hostile_title(document, visitor, inbox):
    """What an editor pasted into a title cannot break a download."""
    document.title = "t" * 200 + "\ufffe\u202e"
    document.save()
    assert get(visitor, document).status_code == 200
    assert inbox()[0]["properties"]["document_title"] == document.title


def test_connecting_twice(document, visitor, inbox):
    """Connecting the receivers again does not count anything twice."""
    receivers.connect()
    get(visitor, document)
    assert names(inbox) == ["document_download"]
