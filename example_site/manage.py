#!/usr/bin/env python
"""Run Django commands for the example site: ``python example_site/manage.py <command>``."""

import os
import sys
from pathlib import Path


def main() -> None:
    # Python puts this file's own folder first; the packages live one level up.
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(entry for entry in sys.path if entry not in ("", str(here)))]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
