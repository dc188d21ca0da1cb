"""Builds the wheel and tries it where nothing else of this repository is. Run: python -m tests.support.package"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.support.processes import ROOT

PACKAGE = "wagtail_journeys"

# The least a site can be that has the package installed.
SITE = """
SECRET_KEY = "for-this-check-only"
EMAIL_TIMEOUT = 20
USE_TZ = True
WAGTAIL_SITE_NAME = "Bare"
WAGTAILADMIN_BASE_URL = "http://localhost"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "bare_urls"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "bare.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
}}
Q_CLUSTER = {"orm": "default", "timeout": 120, "retry": 180, "save_limit": -1, "catch_up": False}
INSTALLED_APPS = [
    "wagtail_journeys", "django_q", "wagtail.contrib.forms", "wagtail.contrib.settings", "wagtail.embeds",
    "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search",
    "wagtail.admin", "wagtail", "modelcluster", "taggit", "django_filters", "django.contrib.admin",
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
"""


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def build(into: Path) -> Path:
    run(sys.executable, "-m", "build", "--outdir", into, ROOT, cwd=into)
    (wheel,) = into.glob("*.whl")
    return wheel


def differences(wheel: Path) -> list[str]:
    """What the wheel lacks of the source's package, and what it has that is not of the package."""
    source = {
        str(path.relative_to(ROOT))
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if not name.endswith("/")}
    shipped = {name for name in inside if ".dist-info/" not in name}
    return [f"not in the wheel: {name}" for name in sorted(source - shipped)] + [
        f"should not be in the wheel: {name}" for name in sorted(shipped - source)
    ]


def try_alone(wheel: Path, where: Path) -> None:
    """Install the wheel into an empty virtual environment; check and migrate a bare site there."""
    venv.create(where / "venv", with_pip=True)
    python = where / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=where)
    (where / "bare.py").write_text(SITE)
    (where / "bare_urls.py").write_text("urlpatterns = []\n")
    for command in (
        ["check"],
        ["migrate", "--verbosity", "0"],
        ["makemigrations", PACKAGE, "--check", "--dry-run"],
    ):
        run(python, "-m", "django", *command, "--settings", "bare", "--pythonpath", ".", cwd=where)
    run(python, "-c", f"import {PACKAGE}; print({PACKAGE}.__version__, {PACKAGE}.__file__)", cwd=where)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="wagtail-journeys-package-") as directory:
        where = Path(directory)
        wheel = build(where)
        wrong = differences(wheel)
        print("\n".join(wrong) or f"{wheel.name} holds the whole package and nothing else")
        if wrong:
            return 1
        try_alone(wheel, where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
