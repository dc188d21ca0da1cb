"""Client libraries of the protocol's owner, unchanged, from the registries, against a live server."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from tests.ingest.conftest import accepted, rejected
from tests.support import services
from tests.support.browsing import Errors, browsing
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.ingest import keys

PACKAGES = ["@segment/analytics-node@3", "@segment/analytics-next@1"]

NODE = """
const { Analytics } = require("@segment/analytics-node");
const [writeKey, host] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, path: "/journeys/v1/batch" });
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });
analytics.identify({ userId: "node-1", traits: { email: "node@example.org", firstName: "Noor", plan: "pro" } });
analytics.track({ userId: "node-1", event: "Order Completed", properties: { value: 12.5 } });
analytics.page({ userId: "node-1", name: "Guides" });
analytics.screen({ userId: "node-1", name: "Home" });
analytics.group({ userId: "node-1", groupId: "acme", traits: { size: 3 } });
analytics.alias({ userId: "node-1", previousId: "6f0a54c0-5d3e-4f39-9d6c-6a4a8f0d7b11" });
analytics.closeAndFlush();
"""

PAGE = """<!doctype html><title>Shop</title><script src="/sdk.js"></script><script>
window.analytics = AnalyticsNext.AnalyticsBrowser.load(%s);
</script>"""


@pytest.fixture
def site_url(own_database: Any) -> Iterator[str]:
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Path:
    """The JavaScript clients, installed once into pytest's cache."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("node and npm are not on PATH")
    folder = request.config.cache.mkdir("segment-clients")
    modules = folder / "node_modules"
    if not (modules / "@segment" / "analytics-next" / "package.json").exists():
        command = [
            npm,
            "install",
            "--prefix",
            str(folder),
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            *PACKAGES,
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if run.returncode:
            services.missing(f"npm cannot install the client libraries: {run.stderr[-300:]}")
    return modules


def names() -> list[str]:
    return sorted(said["name"] for said in accepted())


@pytest.mark.parametrize("packed", [False, True])
def test_the_python_client(site_url: str, packed: bool) -> None:
    """Every call arrives, packed or not, and its person is a contact."""
    analytics = pytest.importorskip("segment.analytics.client")
    errors: list[Any] = []
    client = analytics.Client(
        keys.create("Python", "server"),
        host=f"{site_url}/journeys",
        gzip=packed,
        on_error=lambda *why: errors.append(why),
    )
    client.identify("py-1", {"email": "py@example.org", "firstName": "Pia"})
    client.track("py-1", "Order Completed", {"value": 12.5})
    client.page("py-1", name="Guides", properties={"url": "https://www.example.org/guides/"})
    client.screen("py-1", name="Home")
    client.group("py-1", "acme", {"size": 3})
    client.alias("5f0a54c0-5d3e-4f39-9d6c-6a4a8f0d7b11", "py-1")
    client.flush()
    client.join()
    assert errors == []
    assert rejected() == []
    assert names() == ["group", "identify", "identify", "order_completed", "page_view", "screen_view"]
    assert_one_contact("py-1", "py@example.org", "Pia", 6)


def test_the_node_client(site_url: str, packages: Path, tmp_path: Path) -> None:
    """The same calls from JavaScript on a server."""
    script = packages.parent / "send.js"
    script.write_text(NODE)
    run = subprocess.run(
        ["node", str(script), keys.create("Node", "server"), site_url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert rejected() == []
    assert names() == ["group", "identify", "identify", "order_completed", "page_view", "screen_view"]
    assert_one_contact("node-1", "node@example.org", "Noor", 6)


def assert_one_contact(external_id: str, email: str, first_name: str, events: int) -> None:
    while pipeline.drain(timezone.now()):
        pass
    contact = Contact.objects.get()
    assert (contact.external_id, contact.email, contact.first_name) == (external_id, email, first_name)
    assert contact.attributes["group_id"] == "acme"
    assert contact.events.count() == events


@pytest.fixture
def shop(packages: Path) -> Iterator[dict[str, str]]:
    """Another origin that serves a page and the client; ``page`` is what the page holds."""
    bundle = packages / "@segment" / "analytics-next" / "dist" / "umd"
    found = {"page": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            path = bundle / ("index.js" if name == "sdk.js" else name)
            known = name == "" or path.is_file()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/javascript" if name else "text/html; charset=utf-8")
            self.end_headers()
            if known:
                self.wfile.write(path.read_bytes() if name else found["page"].encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found["url"] = f"http://localhost:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("batching", [False, True])
def test_the_browser_client(site_url: str, shop: dict[str, str], chromium_path: str, batching: bool) -> None:
    """On a page of another origin: settings, preflights and messages; who it says to be is not believed."""
    key = keys.create("Shop", "public", origins=shop["url"], events="Product Viewed")
    load = {"writeKey": key, "cdnURL": f"{site_url}/journeys"}
    how = (
        {"strategy": "batching", "config": {"size": 3, "timeout": 500}}
        if batching
        else {"strategy": "standard"}
    )
    integrations = {"integrations": {"Segment.io": {"deliveryStrategy": how}}}
    shop["page"] = PAGE % f"{json.dumps(load)}, {json.dumps(integrations)}"
    errors = Errors()
    answers: list[tuple[str, int]] = []
    with browsing(chromium_path, shop["url"]) as context:
        context.on("page", errors.watch)
        tab = context.new_page()
        tab.on("response", lambda answer: answers.append((answer.request.method, answer.status)))
        tab.goto("/")
        tab.evaluate(
            """() => {
                analytics.page("Shop");
                analytics.track("Product Viewed", {sku: "a"});
                analytics.identify("u-1", {email: "eva@example.org"});
            }"""
        )
        for _n in range(100):
            if len(accepted()) + len(rejected()) == 3:
                break
            tab.wait_for_timeout(100)
        tab.wait_for_timeout(200)
    assert not errors
    assert rejected() == []
    assert {status for method, status in answers if method == "POST"} == {200}
    assert names() == ["identify", "page_view", "product_viewed"]
    identify = next(said for said in accepted() if said["name"] == "identify")
    assert "claims" not in identify
    assert identify["properties"]["unverified"]["email"] == "eva@example.org"
