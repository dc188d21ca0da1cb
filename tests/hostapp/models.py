"""Submissions of forms as a site may make its own."""

from django.conf import settings
from django.db import models
from wagtail.contrib.forms.models import AbstractFormSubmission, FormSubmission


class SiteSubmission(AbstractFormSubmission):
    """A site's own base."""

    handled = models.BooleanField(default=False)

    class Meta:
        abstract = True


class MemberSubmission(SiteSubmission):
    """What a member sent, with the account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")


class ScoredSubmission(FormSubmission):
    """Wagtail's own, with a column of the site's in a table beside it."""

    score = models.IntegerField(default=0)


class PlainSubmission(FormSubmission):
    """Wagtail's own under another name."""

    class Meta:
        proxy = True
