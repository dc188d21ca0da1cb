"""One area on one database (TEST_DATABASE), on a database of its own that is dropped afterwards."""

from __future__ import annotations

import importlib
import sys

import django


def main(area: str) -> None:
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.benchmarks.tools import tune
    from tests.support.database import remove_directory

    setup_test_environment(debug=False)
    tune()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        importlib.import_module(f"tests.benchmarks.{area}").main()
    finally:
        teardown_databases(made, verbosity=0)
        remove_directory()


if __name__ == "__main__":
    main(sys.argv[1])
