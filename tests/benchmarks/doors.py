"""The collecting view against a view that does nothing, and a batch against bulk_create of its rows."""

from __future__ import annotations

import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tests.benchmarks.report import figure, scale
from tests.benchmarks.served import CLIENTS, Server
from tests.benchmarks.tools import timed, vendor
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.ingest import keys

REQUESTS, BATCHES, ROUNDS, IN_BATCH = 3_000, 60, 7, 100
MIDDLEWARE = "wagtail_journeys.ingest.middleware.CollectorMiddleware"

# Most is measured without an HTTP server, which costs both sides the same and brings every ratio nearer to one. Two views
# that do nothing are measured: one without any middleware, and one where a site's views usually stand, behind its
# middleware.


@csrf_exempt
def nothing(request: HttpRequest) -> JsonResponse:
    """What any view of Django costs that reads JSON and answers JSON."""
    json.loads(request.body)
    return JsonResponse({"success": True})


urlpatterns = [path("nothing/", nothing), path("journeys/", include("wagtail_journeys.urls"))]


def poster(application: Any, address: str, headers: dict[str, str]) -> Callable[[bytes], None]:
    """POST as a WSGI server hands it over."""

    def post(body: bytes) -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": address,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            **headers,
        }
        answered: list[str] = []
        response = application(environ, lambda status, _headers: answered.append(status))
        b"".join(response)
        response.close()
        assert answered[0].startswith("200"), answered

    return post


def web_seconds(call: Callable[[], None]) -> float:
    """Processor seconds of the web process alone: the database has other machines."""
    before = time.process_time()
    call()
    return time.process_time() - before


def message(n: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"message-{n}-{random.random()}",
        "anonymousId": f"3f0a54c0-5d3e-4f39-9d6c-{n % 5000:012d}",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "properties": {
            "sku": f"sku-{n % 300}",
            "price": 49.5,
            "category": "pumps",
            "url": "https://shop.example/",
        },
        "context": {"page": {"url": "https://shop.example/pumps/", "title": "Pumps"}, "locale": "nl-NL"},
    }


def served_ratios(area: str) -> None:
    """The same through an HTTP server, with one client and with sixteen at once."""
    key = {"Authorization": f"Bearer {keys.create('served', 'server')}"}
    count = max(300, int(REQUESTS * scale() / 3))
    with Server() as server, tempfile.NamedTemporaryFile() as file:
        for clients in (1, CLIENTS):
            ones, none = [], []
            for number in range(5):
                # Messages of their own each time: a client that repeats itself is another matter.
                lines = [json.dumps(message(n)).encode() for n in range(count)]
                Path(file.name).write_bytes(b"\n".join(lines))
                spent = server.cost("/journeys/v1/track", key, Path(file.name), clients)
                idle = server.cost("/nothing/", {}, Path(file.name), clients)
                if number:  # the first round warms up
                    ones.append(spent), none.append(idle)
            ratio = statistics.median(none) / statistics.median(ones)
            name = "served_single_ratio" if clients == CLIENTS else "served_single_ratio_one_client"
            figure(f"{area}.{name}", ratio, ">=0.6" if clients == CLIENTS else "-", "ratio")
            if clients == CLIENTS:
                figure(f"{area}.served_per_cpu_second", count / statistics.median(ones), "-", "1/s")


def main() -> None:
    settings.ROOT_URLCONF = __name__
    usual = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # a server with CONN_MAX_AGE keeps the connection, too
    settings.MIDDLEWARE = usual
    site = WSGIHandler()
    settings.MIDDLEWARE = [MIDDLEWARE, *usual]
    application = WSGIHandler()
    settings.MIDDLEWARE = []
    bare = WSGIHandler()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {keys.create('bench', 'server')}"}
    single = poster(application, "/journeys/v1/track", headers)
    batch = poster(application, "/journeys/v1/batch", headers)
    idle = poster(bare, "/nothing/", {})
    usual_idle = poster(site, "/nothing/", {})
    requests, batches = max(300, int(REQUESTS * scale() / ROUNDS)), max(5, int(BATCHES * scale() / ROUNDS))
    ones = [json.dumps(message(n)).encode() for n in range(requests)]
    many = [json.dumps({"batch": [message(n) for n in range(IN_BATCH)]}).encode() for _n in range(batches)]

    def each(post: Callable[[bytes], None], sent: list[bytes]) -> Callable[[], None]:
        def all_of_them() -> None:
            for body in sent:
                post(body)

        return all_of_them

    def in_bulk() -> None:
        for rows in copies:
            InboxItem.objects.bulk_create(rows)

    each(single, ones[:50])(), each(idle, ones[:50])(), each(usual_idle, ones[:50])(), each(batch, many[:1])()
    singles, idles, usuals, batched, bulk = [], [], [], [], []
    for _round in range(ROUNDS):
        InboxItem.objects.all().delete()
        singles.append(web_seconds(each(single, ones)))
        idles.append(web_seconds(each(idle, ones)))
        usuals.append(web_seconds(each(usual_idle, ones)))
        InboxItem.objects.all().delete()
        batched.append(timed(each(batch, many)).processor)
        kept = list(InboxItem.objects.order_by("pk"))
        assert len(kept) == batches * IN_BATCH, "every event of every batch must be kept"
        InboxItem.objects.all().delete()
        for item in kept:
            item.pk = None
        copies = [kept[n : n + IN_BATCH] for n in range(0, len(kept), IN_BATCH)]
        bulk.append(timed(in_bulk).processor)
    area = f"doors.{vendor()}"
    one, none, at_site = (statistics.median(found) for found in (singles, idles, usuals))
    hundred, plain = statistics.median(batched), statistics.median(bulk)
    events = batches * IN_BATCH
    served_ratios(area)
    figure(f"{area}.single_ratio_to_site_no_op", at_site / one, "-", "ratio")
    figure(f"{area}.single_ratio_to_bare_no_op", none / one, "-", "ratio")
    figure(f"{area}.single_per_cpu_second", requests / one, "-", "1/s")
    figure(f"{area}.single_cpu_us", one / requests * 1e6, "-", "us/event")
    figure(f"{area}.site_no_op_cpu_us", at_site / requests * 1e6, "-", "us/request")
    figure(f"{area}.bare_no_op_cpu_us", none / requests * 1e6, "-", "us/request")
    figure(f"{area}.batch_ratio_to_bulk_create", hundred / plain, "<=2", "ratio")
    figure(f"{area}.batch_per_cpu_second", events / hundred, "-", "1/s")
    figure(f"{area}.batch_cpu_us", hundred / events * 1e6, "-", "us/event")
