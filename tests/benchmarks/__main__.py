from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks import report
from tests.support import services

AREAS = ["doors", "drain", "email", "journeys", "segments"]


def main(areas: list[str]) -> int:
    unknown = [area for area in areas if area not in AREAS]
    if unknown:
        print(f"No such area: {', '.join(unknown)}. There are: {', '.join(AREAS)}.", file=sys.stderr)
        return 2
    vendors = ["sqlite", *(["postgres"] if services.postgres_reachable() else [])]
    failed = False
    for area in areas or AREAS:
        for vendor in vendors:
            run = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.run", area],
                env={**os.environ, "TEST_DATABASE": vendor, "DJANGO_SETTINGS_MODULE": "tests.settings"},
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
            print(run.stdout, end="")
            failed |= run.returncode != 0
            report.keep(run.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
