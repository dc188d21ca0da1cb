"""Write ``decisions.json`` anew, on a database of its own."""

from __future__ import annotations

import json
import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.support.database import remove_directory

    settings.TEST_DIR.mkdir(parents=True, exist_ok=True)
    setup_test_environment(debug=False)
    made = setup_databases(verbosity=0, interactive=False)
    try:
        from tests.golden import world

        with transaction.atomic() as _never:
            transaction.get_connection().atomic_blocks[-1]._from_testcase = True
            found = world.World().run()
        world.DECISIONS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    finally:
        teardown_databases(made, verbosity=0)
        remove_directory()


if __name__ == "__main__":
    main()
