"""Where calls may go."""

from __future__ import annotations

import socket
import uuid
from typing import Any

import pytest

from tests.calls.making import NOW
from tests.calls.server import Reply, Server
from wagtail_journeys.calls import guard, transport
from wagtail_journeys.calls.request import Request, sendable
from wagtail_journeys.exceptions import CallRefused

INTERNAL = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[fc00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
]


@pytest.mark.parametrize("host", INTERNAL)
def test_internal_addresses(host: str) -> None:
    """However an internal address is written, nothing is sent there."""
    request = Request("GET", f"https://{host}/latest/meta-data/")
    try:
        answer = transport.send(sendable(request, uuid.uuid4(), NOW), 5, 1000)
    except CallRefused:
        return
    assert (answer.status, answer.began) == (None, False)
    # Some forms are no address at all to this machine's resolver; the rest is refused by us.
    assert answer.refused or "cannot be found" in answer.problem


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make every name lead to ``addresses``, one look-up after the other; returns the names asked for."""
    asked: list[str] = []
    left = list(addresses)

    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *arguments: Any, **options: Any) -> Any:
        if host.endswith(".test"):
            asked.append(host)
            host = left.pop(0) if len(left) > 1 else left[0]
        return real(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_that_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name with an internal address is refused after looking it up."""
    resolving(monkeypatch, "169.254.169.254")
    answer = transport.send(sendable(Request("GET", "https://meta.test/"), uuid.uuid4(), NOW), 5, 1000)
    assert answer.refused and "internal address" in answer.problem


def test_a_name_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up once, and the address that was checked is the one connected to."""
    asked = resolving(monkeypatch, "192.0.0.9", "127.0.0.1")
    monkeypatch.setattr(transport.guard, "check_address", lambda address: None)
    monkeypatch.setattr("requests_hardened.ip_filter_adapter.filter_host", one_look_up)
    connected: list[Any] = []

    def refuse(address: Any, *arguments: Any, **options: Any) -> Any:
        connected.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    transport.send(sendable(Request("GET", "https://rebind.test/"), uuid.uuid4(), NOW), 5, 1000)
    assert asked == ["rebind.test"]
    assert [host for host, _port in connected] == ["192.0.0.9"]


def one_look_up(host: str, port: Any, *, allow_loopback: bool) -> str:
    """The library's own, without its refusal: only the connection is looked at."""
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com/", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("gopher://example.com/", "must begin with https"),
        ("http://example.com/", "over https"),
        ("https://example.com:22/", "port 22"),
        ("https://example.com:8443/", "port 8443"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://user:word@example.com/", "user name"),
        ("https://example.com\\@evil.com/", "backslash"),
        ("https://example.com/a b", "space"),
        ("https://example.com/\r\nX: y", "control"),
        ("https:///path", "name of a host"),
        ("https://exa mple.com/", "space"),
        ("https://[::1/", "cannot be read"),
        ("https://-.com/", "name of a host"),
        ("https://10.0.0.1/", "internal address"),
    ],
)
def test_urls_that_are_refused(url: str, words: str) -> None:
    """Before any name is looked up, the address itself is looked at, and the editor told what is wrong."""
    with pytest.raises(CallRefused, match=words):
        guard.target_of(url)


def test_ports_and_hosts_of_the_settings(settings: Any) -> None:
    """A site opens more ports, and single internal hosts, also without TLS."""
    settings.JOURNEYS_CALLS_PORTS = [443, 8443]
    settings.JOURNEYS_CALLS_ALLOWED_HOSTS = ["crm", "billing:8080", "10.0.0.5", "[::1]:9000"]
    assert guard.target_of("https://example.com:8443/").key == "example.com:8443"
    assert guard.target_of("https://EXAMPLE.com/").key == "example.com"
    for url in (
        "http://crm/",
        "https://crm/",
        "http://billing:8080/",
        "http://10.0.0.5/",
        "http://[::1]:9000/",
    ):
        assert guard.target_of(url).trusted
    for url in ("http://crm:8080/", "http://billing/", "http://crm.example.com/"):
        with pytest.raises(CallRefused):
            guard.target_of(url)


def test_no_proxies_and_no_netrc(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says about proxies and passwords is not heard."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.usual = Reply(200, b"direct")
    answer = transport.send(sendable(Request("GET", server.url + "/"), uuid.uuid4(), NOW), 5, 1000)
    assert (answer.status, answer.body) == (200, b"direct")
    assert "Authorization" not in server.asked[0].headers
