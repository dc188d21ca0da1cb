"""Publishing a template compiles a version of it; publishing what it shows, too."""

from __future__ import annotations

import logging
from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save
from django.utils import timezone
from wagtail.signals import page_published, published

from wagtail_journeys.exceptions import TemplateError

from . import refreshing, usage
from .brands import EmailBrand
from .fragments import EmailFragment
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


def fragment_published(sender: type, instance: EmailFragment, **kwargs: Any) -> None:
    if instance.live:
        refreshing.mark(Q(pk__in=usage.of_fragments([instance.pk])[instance.pk]), _now())


def page_shown(sender: type, instance: Any, **kwargs: Any) -> None:
    templates = usage.of_page(instance)
    if templates:
        refreshing.mark(Q(pk__in=templates), _now())


def brand_saved(sender: type, instance: EmailBrand, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        refreshing.mark(usage.of_brand(instance), _now())


def _now() -> Any:
    return timezone.now()  # noqa: TID251  signals do not say when


def connect() -> None:
    published.connect(
        compile_published, sender=EmailTemplate, dispatch_uid="wagtail_journeys.emails.compile_published"
    )
    published.connect(
        fragment_published, sender=EmailFragment, dispatch_uid="wagtail_journeys.emails.fragment_published"
    )
    page_published.connect(page_shown, dispatch_uid="wagtail_journeys.emails.page_published")
    post_save.connect(brand_saved, sender=EmailBrand, dispatch_uid="wagtail_journeys.emails.brand_saved")
