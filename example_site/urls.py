"""Addresses of the example site."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.conf.urls.static import static
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.documents import urls as wagtaildocs_urls

from example_site.website.views import search

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("journeys/", include("wagtail_journeys.urls")),
    path("inbox/", include("example_site.website.inbox.urls")),
    path("sitemap.xml", sitemap),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}website/icon.svg")),
    path("robots.txt", TemplateView.as_view(template_name="website/robots.txt", content_type="text/plain")),
]

if settings.DEBUG:
    urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)

urlpatterns += i18n_patterns(
    path("account/", include("example_site.website.account.urls")),
    path("search/", search, name="search"),
    path("", include(wagtail_urls)),
)
