"""The example site's settings, made fast and quiet, on the database that the environment names.

TEST_DATABASE   sqlite (default) or postgres (at PGHOST, PGPORT, PGUSER, PGPASSWORD)
TEST_BROKER     orm (default) or redis (at TEST_REDIS_URL); for clusters that tests start
TEST_SMTP_PORT  hand mail to a real server on this port; without it mail stays in memory

Every run has names of its own (TEST_RUN), so that several runs on one machine do not meet; the processes that a test
starts inherit them.
"""

import os
import tempfile
from pathlib import Path

from example_site.settings import *  # noqa: F403
from example_site.settings import INSTALLED_APPS, Q_CLUSTER

TEST_RUN = os.environ.setdefault("TEST_RUN", str(os.getpid()))
#: The part of the run that this process belongs to, where pytest-xdist runs several side by side.
TEST_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
TEST_DIR = Path(tempfile.gettempdir()) / f"wagtail-journeys-tests-{TEST_RUN}"
TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")

DEBUG = False
SECRET_KEY = "for-tests-only"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.hostapp", "anymail", "cookie_consent"]

# Nobody is asked, save in the tests that are about being asked.
JOURNEYS_CONSENT_BACKEND = os.environ.get("TEST_CONSENT_BACKEND", "")

if TEST_DATABASE == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "PORT": os.environ.get("PGPORT", "5432"),
            "USER": os.environ.get("PGUSER", "postgres"),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
            "NAME": os.environ.get("TEST_DATABASE_NAME", f"journeys_{TEST_RUN}"),
            "TEST": {"NAME": f"test_journeys_{TEST_RUN}"},
        }
    }
elif TEST_DATABASE == "sqlite":
    # A file, as several processes share it, with the settings the documentation asks a site to use.
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("TEST_DATABASE_NAME", str(TEST_DIR / "site.sqlite3")),
            "TEST": {"NAME": str(TEST_DIR / "test.sqlite3")},
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }
else:
    raise ValueError(f"TEST_DATABASE is sqlite or postgres, not {TEST_DATABASE!r}")

Q_CLUSTER = {key: value for key, value in Q_CLUSTER.items() if key not in {"orm", "redis"}} | {
    "name": os.environ.get("TEST_CLUSTER_NAME", f"journeys-tests-{TEST_RUN}{TEST_WORKER}"),
    "log_level": "INFO",  # tests read in the log when a cluster is ready, and who is who in it
}
if os.environ.get("TEST_SAVE_TASKS"):
    Q_CLUSTER["save_limit"] = 100
if os.environ.get("TEST_BROKER", "orm") == "redis":
    Q_CLUSTER["redis"] = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
else:
    Q_CLUSTER["orm"] = "default"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = TEST_DIR / f"media{TEST_WORKER}"
INBOX_DIR = TEST_DIR / f"inbox{TEST_WORKER}"

if os.environ.get("TEST_SMTP_PORT"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = "127.0.0.1"
    EMAIL_PORT = int(os.environ["TEST_SMTP_PORT"])
    EMAIL_TIMEOUT = float(os.environ.get("TEST_SMTP_TIMEOUT", "5"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
