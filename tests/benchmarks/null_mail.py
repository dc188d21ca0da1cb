"""A mail server that takes everything and keeps nothing, in a process of its own, so that its work is nobody else's."""

from __future__ import annotations

import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERS = {
    b"EHLO": b"250-null\r\n250-8BITMIME\r\n250 SIZE 33554432\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 null\r\n")
        while line := self.rfile.readline():
            command = line[:4].upper()
            self.wfile.write(ANSWERS.get(command, b"250 ok\r\n"))
            if command == b"QUIT":
                return
            if command == b"DATA":
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.wfile.write(b"250 taken\r\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def null_mail_server() -> Iterator[int]:
    """The port where it listens."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.null_mail"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Conversation) as listening:
        print(listening.server_address[1], flush=True)
        listening.serve_forever()
