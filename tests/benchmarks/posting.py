"""Clients that post, in a process of their own: ``python -m tests.benchmarks.posting PORT ADDRESS CLIENTS FILE [HEADER ...]``."""

from __future__ import annotations

import http.client
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def post(port: int, address: str, clients: int, bodies: list[bytes], headers: dict[str, str]) -> None:
    """Post every body once; ``clients`` connections share them."""

    def part(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in bodies[number::clients]:
            line.request("POST", address, body, {"Content-Type": "application/json", **headers})
            answer = line.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {said[:500]!r}")
        line.close()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(part, range(clients)))


if __name__ == "__main__":
    _self, port_, address_, clients_, bodies_, *headers_ = sys.argv
    post(
        int(port_),
        address_,
        int(clients_),
        Path(bodies_).read_bytes().splitlines(),
        dict(header.split(": ", 1) for header in headers_),
    )
