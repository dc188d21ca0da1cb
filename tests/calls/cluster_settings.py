"""The tests' settings, for processes that call a server on this machine."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import Q_CLUSTER

JOURNEYS_CALLS_ALLOWED_HOSTS = [os.environ["TEST_CALLS_HOST"]]
JOURNEYS_CALLS_TIMEOUT = 100  # longer than a busy machine takes for everything else
Q_CLUSTER |= {"workers": 2}
