"""The tests' settings, for clusters that get killed: what the dead held is given up after seconds, not minutes."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, Q_CLUSTER

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults"]

JOURNEYS_MESSAGE_LEASE = 6
JOURNEYS_HANDOVER_LIMIT = 8

# A task whose worker died comes back while the test still runs.
Q_CLUSTER |= {"timeout": 40, "retry": 45}

# What a web server does with its connections to the database.
DATABASES["default"]["CONN_MAX_AGE"] = int(os.environ.get("FAULTS_CONN_MAX_AGE", "0"))
if os.environ.get("FAULTS_SQLITE_TIMEOUT"):
    DATABASES["default"]["OPTIONS"]["timeout"] = float(os.environ["FAULTS_SQLITE_TIMEOUT"])
