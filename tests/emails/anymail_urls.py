from django.urls import include, path

from example_site.urls import urlpatterns as site_urls

urlpatterns = [path("anymail/", include("anymail.urls")), *site_urls]
