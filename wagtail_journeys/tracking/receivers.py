"""Events that Django and Wagtail tell about by themselves: downloads, submitted forms, pages published, log-ins."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.http import parse_etags, parse_http_date_safe, quote_etag
from django.utils.module_loading import import_string
from taggit.managers import TaggableManager
from wagtail import hooks
from wagtail.signals import page_published

from wagtail_journeys import db
from wagtail_journeys.events import bots, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.tracking import consent_forms, forms, members, sites, submissions, visitor
from wagtail_journeys.tracking.keeping import SITE, keep

_connected = False


def connect() -> None:
    """Listen. Called when the apps are ready; calling it again changes nothing."""
    global _connected
    if apps.is_installed("allauth.account"):
        made = import_string("allauth.account.signals.user_signed_up")
        made.connect(members.account_made, dispatch_uid="wagtail_journeys.sign_up")
    if _connected:
        return
    _connected = True
    if apps.is_installed("wagtail.documents"):
        from wagtail.documents.models import document_served

        document_served.connect(document_downloaded, dispatch_uid="wagtail_journeys.document_download")
    if apps.is_installed("wagtail.contrib.forms"):
        post_save.connect(form_submitted, dispatch_uid="wagtail_journeys.form_submit")
        hooks.register("on_serve_page", forms.note_visitor)
    page_published.connect(published, dispatch_uid="wagtail_journeys.page_published")
    user_logged_in.connect(members.logged_in, dispatch_uid="wagtail_journeys.login")
    user_logged_out.connect(members.logged_out, dispatch_uid="wagtail_journeys.logout")
    for signal in (post_save, post_delete):
        signal.connect(sites.forget, sender="wagtailcore.Site", dispatch_uid="wagtail_journeys.sites")


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
    consent_forms.sign_up(page, instance.form_data, form.email, origin, now)


# --- Pages --------------------------------------------------------------------------------------------------------------


def published(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Receiver of ``page_published``: belongs to nobody, so that it starts nothing; told once the page is really there."""
    now = timezone.now()
    site = instance.get_site()
    event = Incoming(
        source=catalogue.ENGINE,
        name=catalogue.PAGE_PUBLISHED,
        occurred_at=now,
        properties=sanitise.mapping(
            {
                "title": instance.title,
                "type": instance._meta.label_lower,
                "locale": instance.locale.language_code,
                "tags": tags_of(instance),
                "first": instance.first_published_at == instance.last_published_at,
            }
        ),
        site_id=site.pk if site else None,
        page_id=instance.pk,
        url=sanitise.url(instance.full_url or ""),
    )
    db.after_commit(InboxItem, lambda: keep(event, now))


def tags_of(page: Any) -> list[str]:
    """The names of everything that the page is tagged with, whatever its fields are called."""
    fields = page._meta.get_fields()
    managers = [getattr(page, field.name) for field in fields if isinstance(field, TaggableManager)]
    return sorted({tag.name for tags in managers for tag in tags.all()})
