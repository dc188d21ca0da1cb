"""The mistake of including our addresses among those with a language in front."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = i18n_patterns(path("journeys/", include("wagtail_journeys.urls")))
