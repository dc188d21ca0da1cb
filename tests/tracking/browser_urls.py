"""A cached page with the tracker and a script of the site's own, for the browser test."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import include, path
from django.views.decorators.cache import cache_page
from wagtail.models import Page

PAGE = """{% load journeys %}<!doctype html><title>Guide</title><link rel="icon" href="data:,">
<button>Watch</button><a href="/other/">Other</a>
<p style="height: 3000px"></p><b data-journeys-event="plan_chosen" data-journeys-plan="pro">Pro</b>
<a href="http://elsewhere.example/x" target="_blank">Away</a><a href="/files/price-list.pdf" target="_blank">Prices</a>
<a href="/documents/7/guide.pdf" target="_blank">Guide</a>{% journeys_tracker %}<script src="/site.js" defer></script>"""

SITE_JS = """document.querySelector("button").addEventListener("click", () => {
    journeys.track("video_watched", { seconds: 12, title: "Heat pumps" });
});"""

POLICY = (
    "default-src 'none'; style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:"
)


def page(request: HttpRequest) -> HttpResponse:
    html = Template(PAGE).render(Context({"request": request, "page": Page.objects.get(depth=2)}))
    return HttpResponse(html, headers={"Content-Security-Policy": POLICY})


def site_js(request: HttpRequest) -> HttpResponse:
    return HttpResponse(SITE_JS, content_type="text/javascript")


urlpatterns = [
    path("", cache_page(600)(page)),
    path("other/", page),
    path("site.js", site_js),
    path("journeys/", include("wagtail_journeys.urls")),
]
