"""Every message the demo sends, for the eyes of staff or of whoever runs it in debug mode."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from . import mailbox


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Show the view to staff, or to anybody in debug mode; others learn nothing of its existence."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not (settings.DEBUG or request.user.is_staff):
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(wrapper)


@demo_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    messages, total = mailbox.newest(search=search)
    template = "website/inbox/list.html" if "fragment" in request.GET else "website/inbox/index.html"
    context = {"messages": messages, "total": total, "search": search, "port": settings.INBOX_SMTP_PORT}
    return render(request, template, context)


@demo_only
@require_GET
def message(request: HttpRequest, key: str) -> HttpResponse:
    mail = mailbox.read(key)
    if mail is None:
        raise Http404("No such message")
    return render(request, "website/inbox/message.html", {"mail": mail})


@demo_only
@require_POST
def empty(request: HttpRequest) -> HttpResponse:
    mailbox.clear()
    return redirect("inbox:index")
