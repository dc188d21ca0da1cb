"""One request over the network: to the address that was checked, never further, and never longer than the deadline.

Runs in threads of its own and touches neither the database nor the settings of a request.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests
from django.utils.translation import gettext as _t
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession  # type: ignore[import-untyped]
from requests_hardened.ip_filter import InvalidIPAddress  # type: ignore[import-untyped]
from requests_hardened.ip_filter_adapter import IPFilterAdapter  # type: ignore[import-untyped]
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from wagtail_journeys.exceptions import CallRefused

from . import guard
from .request import Sendable

CONNECT_TIMEOUT = 10.0  # seconds
CHUNK = 8192  # bytes


_here = threading.local()


class _NoPaths(logging.Filter):
    """urllib3 writes every path to its debug log, and a path may hold a secret: not those of our calls."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "sending", False)


logging.getLogger("urllib3.connectionpool").addFilter(_NoPaths())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``status`` is None where nothing did; ``began`` says whether the receiver may have read the request.

    ``problem`` is why there is no (complete) answer; ``refused`` that we were the ones who did not want.
    """

    status: int | None = None
    body: bytes = b""
    retry_after: str = ""
    began: bool = False
    refused: bool = False
    problem: str = ""


class Watch:
    """The wall clock of one request: at the deadline its sockets are shut, whatever the receiver is doing."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.expired = False
        self.connected = False
        self._held: list[int] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        with self._lock:
            for number in self._held:
                os.close(number)
            self._held.clear()

    @property
    def left(self) -> float:
        return max(0.05, self.ends - time.monotonic())

    def check(self) -> None:
        if self.expired or time.monotonic() >= self.ends:
            self.expired = True
            raise TimeoutError

    def hold(self, connection: socket.socket) -> None:
        # A second number for the same connection: wrapping it in TLS takes the first one away.
        with self._lock:
            self._held.append(os.dup(connection.fileno()))
        self.check()

    def _expire(self) -> None:
        self.expired = True
        with self._lock:
            for number in self._held:
                with socket.socket(fileno=os.dup(number)) as held:
                    try:
                        held.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass


def _watched(pool: Any, watch: Watch) -> Any:
    """A pool whose connections tell ``watch`` when they are made."""

    class Connection(pool.ConnectionCls):
        def _new_conn(self) -> socket.socket:
            watch.check()
            made: socket.socket = super()._new_conn()
            try:
                watch.hold(made)
            except TimeoutError:
                made.close()
                raise
            return made

        def connect(self) -> None:
            super().connect()
            watch.connected = True

    return type("Pool", (pool,), {"ConnectionCls": Connection})


class _Watched(HTTPAdapter):
    watch: Watch

    def watched_by(self, watch: Watch) -> Any:
        self.poolmanager.pool_classes_by_scheme = {
            "http": _watched(HTTPConnectionPool, watch),
            "https": _watched(HTTPSConnectionPool, watch),
        }
        return self


class PublicAdapter(_Watched, IPFilterAdapter):
    """Looks the name up once, refuses what is not public, and connects to the address that it looked at."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        guard.check_address(host["host"])
        return host, pool


class TrustedAdapter(_Watched):
    """For hosts that the site's settings name."""


def send(request: Sendable, seconds: float, most: int) -> Answer:
    """Send ``request`` within ``seconds``, and read at most ``most`` bytes of the answer. Never raises."""
    with Watch(seconds) as watch:
        _here.sending = True
        try:
            return _send(request, watch, most)
        except (CallRefused, InvalidIPAddress) as error:
            words = str(error) if isinstance(error, CallRefused) else _internal(error)
            return Answer(refused=True, problem=words)
        except Exception as error:  # noqa: BLE001  whatever it was, what became of the call must be written down
            return Answer(began=watch.connected, problem=_words(error, watch))
        finally:
            _here.sending = False


def _send(request: Sendable, watch: Watch, most: int) -> Answer:
    config = Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_TIMEOUT, CONNECT_TIMEOUT),
    )
    with HTTPSession(config) as session:
        session.trust_env = False  # no proxies, no .netrc
        adapter: Any
        if request.target.trusted:
            adapter = TrustedAdapter()
        else:
            adapter = PublicAdapter(is_https_proto=True)  # type: ignore[call-arg]  # the library has no types
        session.mount(f"{request.target.scheme}://", adapter.watched_by(watch))
        with session.request(
            request.method,
            request.url,
            data=request.body or None,
            headers=request.headers,
            timeout=(min(CONNECT_TIMEOUT, watch.left), watch.left),
            allow_redirects=False,
            stream=True,
        ) as response:
            body, problem = _read(response, watch, most)
            return Answer(
                response.status_code,
                body,
                response.headers.get("Retry-After", ""),
                began=True,
                problem=problem,
            )


def _read(response: requests.Response, watch: Watch, most: int) -> tuple[bytes, str]:
    """The beginning of the body, and why it is not all of it, if it is not."""
    body = bytearray()
    try:
        while not watch.expired:
            chunk = response.raw.read1(CHUNK, decode_content=False)
            if not chunk:
                break
            body += chunk
            if len(body) > most:
                return bytes(body[:most]), _t(
                    "The answer was longer than %d bytes; the rest was not read."
                ) % most
    except (HTTPError, OSError) as error:
        return bytes(body), _t("The answer is not complete: %s") % _words(error, watch)
    if watch.expired:
        return bytes(body), _t("The answer is not complete: %s") % _words(None, watch)
    return bytes(body), ""


def _internal(error: Exception) -> str:
    return _t("%s is an internal address. Calls go to the public internet only.") % error


def _words(error: BaseException | None, watch: Watch) -> str:
    if watch.expired or isinstance(error, requests.Timeout | TimeoutError):
        return _t("No answer in time.")
    cause = error
    while cause is not None and (cause.__cause__ or cause.__context__) is not None:
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, TimeoutError):
        return _t("No answer in time.")
    if isinstance(cause, socket.gaierror):
        return _t("The name of the host cannot be found.")
    if isinstance(cause, ConnectionRefusedError):
        return _t("The host refuses connections.")
    return " ".join(str(cause).split())[:300] or type(cause).__name__
