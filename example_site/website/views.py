"""What is not a page: the search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.models import Locale, Page

from wagtail_journeys.tracking.search import searched

MOST = 50  # results shown


@require_safe
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Pages of the site in the language of the request that are about ``?q=``."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    results, number = [], 0
    if query:
        pages = Page.objects.live().public().filter(locale=Locale.get_active(), depth__gt=1)
        found = pages.specific().search(query)
        results, number = list(found[:MOST]), found.count()
        searched(request, query, number)
    return render(request, "website/search.html", {"query": query, "results": results, "number": number})
