"""The small members' area: log in, keep guides at hand."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from wagtail.models import Locale

from example_site.website.models import GuidePage, SavedGuide


class LoginForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("That user name and password do not belong together. Please try again."),
    }


@require_GET
@never_cache
@login_required
def guides(request: HttpRequest) -> HttpResponse:
    """Saved guides first, then what else there is, both in the language of the page."""
    in_locale = GuidePage.objects.live().filter(locale=Locale.get_active()).select_related("document")
    keys = GuidePage.objects.filter(
        pk__in=SavedGuide.objects.filter(user=request.user).values("guide")
    ).values_list("translation_key", flat=True)
    saved = list(in_locale.filter(translation_key__in=keys).order_by("path"))
    others = list(in_locale.exclude(translation_key__in=keys).order_by("path"))
    return render(request, "website/account/guides.html", {"saved": saved, "others": others})


@require_POST
@login_required
def save_guide(request: HttpRequest, guide_id: int) -> HttpResponse:
    """Keep a guide, or let it go again. A guide is the same one in every language."""
    guide = get_object_or_404(GuidePage.objects.live(), pk=guide_id)
    if "remove" in request.POST:
        SavedGuide.objects.filter(user=request.user, guide__translation_key=guide.translation_key).delete()
    else:
        SavedGuide.objects.get_or_create(user=request.user, guide=guide)
    return redirect("account:guides")
