"""The addresses that visitors, browsers and mail programs call. Include them outside of ``i18n_patterns``."""

from __future__ import annotations

from django.urls import path, re_path

from wagtail_journeys.ingest import views as ingest
from wagtail_journeys.reporting.health_views import health_view
from wagtail_journeys.tracking import browser_view, preference_views, sender_views, sign_up_views
from wagtail_journeys.tracking import hit_views as hits
from wagtail_journeys.tracking import views as tracking

app_name = "wagtail_journeys"
urlpatterns = [
    path("collect/", tracking.collect, name="collect"),
    re_path(
        r"^v1/(?P<call>identify|track|page|screen|group|alias|batch|import|[itpsgab])/?$",
        ingest.collect,
        name="api",
    ),
    path("v1/enrol", ingest.enrol, name="api-enrol"),
    path("v1/projects/<str:value>/settings", ingest.settings, name="api-settings"),
    path("v1/openapi.json", ingest.document, name="api-document"),
    path("health/", health_view, name="health"),
    path("l/<str:token>", hits.click, name="click"),
    path("o/<str:token>.gif", hits.pixel, name="open"),
    path("sender/<str:token>/", sender_views.sender_page, name="sender"),
    path("confirm/<str:token>/", tracking.confirm_page, name="confirm"),
    path("unsubscribe/<str:token>/", tracking.unsubscribe_page, name="unsubscribe"),
    path(
        "unsubscribe/<str:token>", tracking.unsubscribe_page
    ),  # without the slash that a POST cannot be led to
    path("preferences/<str:token>/", preference_views.preferences_page, name="preferences"),
    path("sign-up/", sign_up_views.sign_up_page, name="sign-up"),
    path("sign-up/sent/", sign_up_views.sent_page, name="sign-up-sent"),
    path("sign-up/confirm/<str:token>/", sign_up_views.confirm_page, name="opt_in"),
    path("view/<str:token>/", browser_view.view_page, name="view"),
]
