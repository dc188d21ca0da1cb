"""A real HTTP server in this process that remembers what it was asked and answers as a test wants it to."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Reply:
    """``raw`` takes over after the request was read, with the handler; otherwise status, headers and body are sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


class Server:
    """Use as a context manager. ``answers`` are used up in order, then ``usual`` is the answer to everything."""

    def __init__(self, port: int = 0, usual: Reply | Callable[[Asked], Reply] | None = None) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Reply] = []
        self.usual = usual or Reply()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.released = threading.Event()  # what hangs goes on when the test is over
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                with outer._lock:
                    outer.asked.append(asked)
                    outer._at_once += 1
                    outer.most_at_once = max(outer.most_at_once, outer._at_once)
                    reply = outer.answers.pop(0) if outer.answers else outer.usual
                try:
                    outer.reply(self, reply(asked) if callable(reply) else reply)
                except OSError:
                    self.close_connection = True
                finally:
                    with outer._lock:
                        outer._at_once -= 1

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *arguments: object) -> None:
                pass

        self.http = Quiet(("127.0.0.1", port), Handler)
        self.port = self.http.server_address[1]

    def reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.raw is not None:
            handler.close_connection = True
            reply.raw(handler)
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def by_id(self) -> Counter[str]:
        """How often each webhook-id was seen."""
        return Counter(asked.headers["webhook-id"] for asked in self.asked)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.released.set()
        self.http.shutdown()
        self.http.server_close()
        self._thread.join(5)

    # What can go wrong ------------------------------------------------------------------------------------------------

    def hang(self) -> Reply:
        """Take the request, and say nothing."""
        return Reply(raw=lambda handler: self._wait())

    def hang_after_headers(self) -> Reply:
        def raw(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            self._wait()

        return Reply(raw=raw)

    def drip_status(self) -> Reply:
        """A byte now and then, for ever: no single read ever times out."""

        def raw(handler: BaseHTTPRequestHandler) -> None:
            self._drip(handler)

        return Reply(raw=raw)

    def drip_headers(self) -> Reply:
        def raw(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            self._drip(handler)

        return Reply(raw=raw)

    def drip_body(self) -> Reply:
        def raw(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            self._drip(handler)

        return Reply(raw=raw)

    def flood(self, size: int) -> Reply:
        """``size`` bytes, or as many as the caller takes; says how many were written in ``flooded``."""

        def raw(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            block = b"x" * 65536
            self.flooded = 0
            while self.flooded < size:
                handler.wfile.write(block)
                self.flooded += len(block)

        return Reply(raw=raw)

    def close_early(self) -> Reply:
        """Read the request, and hang up."""
        return Reply(raw=lambda handler: None)

    def _wait(self) -> None:
        self.released.wait(120)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        while not self.released.wait(0.02):
            handler.wfile.write(b"a")
            handler.wfile.flush()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)
