"""The tests' settings, with pictures served and without the kinds of steps that only tests have."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

DEBUG = True
INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "tests.hostapp"]
