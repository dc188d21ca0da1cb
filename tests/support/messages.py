"""Collect the package's translatable strings: `make messages` runs this.

Django's own command does not know `_t`, the short name under which modules import the gettext that is not lazy.
"""

from __future__ import annotations

import os
import sys

from django.core.management.commands import compilemessages, makemessages

from tests.support.processes import ROOT

PACKAGE = ROOT / "wagtail_journeys"


class Collect(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_t"]


def main(languages: list[str]) -> None:
    os.chdir(PACKAGE)
    for language in languages:
        (PACKAGE / "locale" / language).mkdir(parents=True, exist_ok=True)
    named = [part for language in languages for part in ("-l", language)]
    # File names without line numbers: a catalogue should change when a string does, not when a line moves.
    options = ["--no-wrap", "--no-obsolete", "--add-location", "file", "-e", "html,txt,py,svg,mjml"]
    Collect().run_from_argv(["django", "makemessages", *named, *options])
    compilemessages.Command().run_from_argv(["django", "compilemessages", *named])


if __name__ == "__main__":
    main(sys.argv[1:])
