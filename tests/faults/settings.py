"""The tests' settings, for clusters that get killed: what the dead held is given up after seconds, not minutes."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, Q_CLUSTER

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults"]

JOURNEYS_MESSAGE_LEASE = 6
JOURNEYS_HANDOVER_LIMIT = 8

# A task whose worker died comes back while the test still runs.
Q_CLUSTER |= {"timeout": 40, "retry": 45}
