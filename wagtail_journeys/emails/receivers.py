"""Publishing a template compiles a version of it."""

from __future__ import annotations

import logging
from typing import Any

from wagtail.signals import published

from wagtail_journeys.exceptions import TemplateError

from .models import EmailTemplate
from .rendering import compile_template

logger = logging.getLogger(__name__)


def compile_published(sender: type, instance: EmailTemplate, revision: Any = None, **kwargs: Any) -> None:
    """The form has looked at it before. What is published from code or by the clock and cannot be compiled leaves the
    version before it in use, and says so in the log."""
    try:
        compile_template(instance, instance.last_published_at, revision)
    except TemplateError:
        logger.exception("The email template %s was published but cannot be compiled", instance.pk)


def connect() -> None:
    published.connect(
        compile_published, sender=EmailTemplate, dispatch_uid="wagtail_journeys.emails.compile_published"
    )
