"""Make tracker.js of tracker.src.js: `make tracker` runs this. It needs Node.js; pages and tests do not."""

from __future__ import annotations

import hashlib
import subprocess

from tests.support.processes import ROOT

STATIC = ROOT / "wagtail_journeys" / "static" / "wagtail_journeys"
SOURCE, SERVED = STATIC / "tracker.src.js", STATIC / "tracker.js"
TERSER = [
    "npx",
    "--yes",
    "terser@5",
    str(SOURCE),
    "--mangle",
    "--compress",
    "passes=3,unsafe_arrows=true,ecma=2020",
]


def mark() -> str:
    """The end of the served file: which source it was made of."""
    return f"//{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:8]}\n"


def main() -> None:
    made = subprocess.run(TERSER, check=True, capture_output=True, text=True).stdout
    SERVED.write_text(made.rstrip() + mark())


if __name__ == "__main__":
    main()
