"""Events that Django and Wagtail tell about by themselves: document downloads, log-ins, form submissions."""

from __future__ import annotations

import datetime
import logging
import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.http import parse_etags, parse_http_date_safe, quote_etag
from wagtail import hooks

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Identity
from wagtail_journeys.events import accounts, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.tracking import bots, forms, sites, submissions, visitor

logger = logging.getLogger(__name__)

#: Source of the events that the site itself tells about.
SITE = "site"

_connected = False


def connect() -> None:
    """Listen. Called once, when the apps are ready; calling it again changes nothing."""
    global _connected
    if _connected:
        return
    _connected = True
    if apps.is_installed("wagtail.documents"):
        from wagtail.documents.models import document_served

        document_served.connect(document_downloaded, dispatch_uid="wagtail_journeys.document_download")
    if apps.is_installed("wagtail.contrib.forms"):
        post_save.connect(form_submitted, dispatch_uid="wagtail_journeys.form_submit")
        hooks.register("on_serve_page", forms.note_visitor)
    user_logged_in.connect(logged_in, dispatch_uid="wagtail_journeys.login")
    user_logged_out.connect(logged_out, dispatch_uid="wagtail_journeys.logout")
    for signal in (post_save, post_delete):
        signal.connect(sites.forget, sender="wagtailcore.Site", dispatch_uid="wagtail_journeys.sites")


def keep(event: Incoming, now: datetime.datetime) -> None:
    """Accept an event beside the visitor's own business, which goes on even where the event cannot be kept."""
    inside = db.write_connection(InboxItem).in_atomic_block
    try:
        with db.batch(InboxItem) if inside else nullcontext():
            accept(event, now)
    except DatabaseError:
        logger.exception("An event could not be kept: %s", event.name)


# --- Documents ----------------------------------------------------------------------------------------------------------


def document_downloaded(sender: Any, instance: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Receiver of ``document_served``, which is also sent when nobody gets the document."""
    if not hands_out(request, instance) or visitor.is_preview(request):
        return
    now = timezone.now()
    collection = getattr(instance, "collection", None)
    keep(
        bots.marked(
            Incoming(
                source=SITE,
                name=catalogue.DOCUMENT_DOWNLOAD,
                occurred_at=now,
                anonymous_id=visitor.anonymous_id(request),
                properties=sanitise.mapping(
                    {
                        "document_title": instance.title,
                        "filename": instance.filename,
                        "collection": collection.name if collection else "",
                        "locale": language_of_visit(request),
                    }
                ),
                site_id=sites.site_id(request),
                document_id=instance.pk,
                url=sanitise.url(request.build_absolute_uri()),
            ),
            bots.kind(request),
        ),
        now,
    )


def hands_out(request: HttpRequest, document: Any) -> bool:
    """Whether the request gets the whole document: not for HEAD, a part, or "you have it already" (304)."""
    if request.method != "GET" or "Range" in request.headers:
        return False
    etags = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    file_hash = getattr(document, "file_hash", None)
    if file_hash is not None and etags & {"*", quote_etag(file_hash)}:
        return False
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is None or _modified(document) > since


def _modified(document: Any) -> float:
    """When the file was changed; for files that are elsewhere (nothing is asked over the network) always just now."""
    try:
        return int(os.stat(document.file.path).st_mtime)
    except (NotImplementedError, OSError):
        return float("inf")


def language_of_visit(request: HttpRequest) -> str:
    """The language of the page that the visitor comes from; where that is unknown, the request's own."""
    referrer = sanitise.url(request.headers.get("Referer", ""))
    try:
        page = urlsplit(referrer)
    except ValueError:
        page = urlsplit("")
    if page.netloc and page.netloc == request.get_host():
        code = translation.get_language_from_path(page.path)
        if code:
            return code
        prefixed, default_too = is_language_prefix_patterns_used(
            getattr(request, "urlconf", None) or settings.ROOT_URLCONF
        )
        if prefixed and not default_too:
            return settings.LANGUAGE_CODE
    return translation.get_language() or settings.LANGUAGE_CODE


# --- Log-in -------------------------------------------------------------------------------------------------------------


def logged_in(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_in``: members of the site, not editors entering the admin.

    On a browser that is known to be somebody else's, the log-in begins a new anonymous id.
    """
    if request is None or not request.META.get("REQUEST_METHOD") or _in_admin(request):
        return
    now = timezone.now()
    claims = accounts.claims_of(user)
    if _is_of_another(visitor.anonymous_id(request), claims):
        visitor.rotate(request)
    keep(
        Incoming(
            source=SITE,
            name=catalogue.LOGIN,
            occurred_at=now,
            anonymous_id=visitor.anonymous_id(request),
            claims=claims,
            traits=accounts.traits_of(user),
            site_id=sites.site_id(request),
            url=sanitise.url(request.build_absolute_uri(request.path)),
        ),
        now,
    )


def logged_out(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_out``: from here on the browser is nobody's, and the answer gives it a new id."""
    if request is None or user is None or not request.META.get("REQUEST_METHOD"):
        return
    now = timezone.now()
    anonymous_id = visitor.anonymous_id(request)
    visitor.rotate(request)
    in_admin = _in_admin(request)
    if in_admin and not anonymous_id:
        return
    keep(
        Incoming(
            source=SITE,
            name=catalogue.LOGOUT,
            occurred_at=now,
            anonymous_id=anonymous_id,
            claims={} if in_admin else accounts.claims_of(user),
            site_id=sites.site_id(request),
            url=sanitise.url(request.build_absolute_uri(request.path)),
        ),
        now,
    )


def _is_of_another(anonymous_id: str, claims: dict[str, str]) -> bool:
    """Whether the browser is known for another contact than the one who claims to be there, or was once."""
    if not anonymous_id:
        return False
    known = Identity.objects.filter(anonymous_id=anonymous_id).select_related("contact").first()
    if known is None:
        return False
    contact = known.contact
    same = contact.external_id == claims["external_id"] or (
        not contact.external_id and contact.email == claims.get("email", "")
    )
    return known.until is not None or not same


def _in_admin(request: HttpRequest) -> bool:
    return any(map(request.path.startswith, _admin()))


def _admin() -> Iterator[str]:
    for name in ("wagtailadmin_home", "admin:index"):
        try:
            yield reverse(name)
        except NoReverseMatch:
            continue


# --- Forms --------------------------------------------------------------------------------------------------------------


def form_submitted(sender: Any, instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Receiver of ``post_save``: a new row of any model of form submissions."""
    from wagtail.contrib.forms.models import AbstractFormSubmission

    if not created or raw or not issubclass(sender, AbstractFormSubmission):
        return
    now = timezone.now()
    page = instance.page if hasattr(instance.page, "get_form_fields") else instance.page.specific
    fields = page.get_form_fields() if hasattr(page, "get_form_fields") else []
    form = submissions.read(
        instance.form_data,
        [(field.clean_name, field.field_type) for field in fields],
        title=sanitise.line(page.title, 300),
        locale=page.locale.language_code,
    )
    origin = forms.current()
    keep(
        bots.marked(
            Incoming(
                source=SITE,
                name=catalogue.FORM_SUBMIT,
                occurred_at=now,
                anonymous_id=origin.anonymous_id,
                claims={"email": form.email} if form.email else {},
                traits=form.traits if form.email else {},
                properties=form.properties,
                site_id=origin.site_id,
                page_id=page.pk,
                url=origin.url,
            ),
            origin.bot,
        ),
        now,
    )
