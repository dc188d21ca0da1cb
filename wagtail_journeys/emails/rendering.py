"""From a template to what one contact reads: versions, the choice of language, the values of merge tags."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils.translation import gettext as _t
from wagtail.models import Site

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.exceptions import TemplateError

from . import composing, filling, links, needs
from .filling import render as render
from .liquid import Rendered as Rendered
from .models import EmailTemplate, Message, TemplateVersion

# Versions -------------------------------------------------------------------------------------------------------------


def compile_template(
    template: EmailTemplate, now: datetime.datetime, revision: Any = None
) -> TemplateVersion:
    """The version of ``template`` as it stands, made now unless there is one: once per revision and language.

    Raises TemplateError when the template cannot be sent.
    """
    if revision is not None:
        made = template.versions.filter(revision=revision).first()
        if made is not None:
            return made
    source = composing.compose(template)
    content = {
        "subject": source.subject,
        "preheader": source.preheader,
        "html": source.html,
        "text": source.text,
        "tags": source.tags,
        "from_email": template.sender,
        "reply_to": template.reply_to,
        "needs": source.needs,
        "missing": source.missing,
    }
    for _attempt in range(3):
        newest = template.versions.order_by("-number").first()
        if newest is not None and revision is None and _same(newest, content):
            return newest
        number = (template.versions.aggregate(top=Max("number"))["top"] or 0) + 1
        try:
            with transaction.atomic(using=db.write_connection(TemplateVersion).alias):
                return TemplateVersion.objects.create(
                    template=template, number=number, revision=revision, created_at=now, **content
                )
        except IntegrityError:
            continue  # somebody else compiled it at this moment
    raise TemplateError(
        _t("The email template is being published by somebody else at this moment. Try again.")
    )


def _same(version: TemplateVersion, content: dict[str, Any]) -> bool:
    return all(getattr(version, name) == value for name, value in content.items())


def choose_versions(messages: Sequence[Message]) -> dict[int, TemplateVersion | None]:
    """For each message id the version in its contact's language, out of the live translations; None without any.

    Order: the contact's locale exactly, its base language ("nl-be" → "nl"), the site's fallback locales, the template
    that the step names, any other. Three statements, however many messages.
    """
    wanted = {message.template_id for message in messages if message.template_id}
    keys = dict(EmailTemplate.objects.filter(pk__in=wanted).values_list("pk", "translation_key"))
    newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number").values("pk")[:1]
    live = (
        EmailTemplate.objects.filter(translation_key__in=set(keys.values()), live=True)
        .annotate(newest=Subquery(newest))
        .exclude(newest=None)
        .order_by("pk")
        .values_list("pk", "translation_key", "locale__language_code", "newest")
    )
    by_key: dict[Any, dict[str, int]] = {}
    own: dict[int, int] = {}
    for pk, key, language, version in live:
        by_key.setdefault(key, {})[language.lower()] = version
        own[pk] = version
    versions = TemplateVersion.objects.in_bulk(set(own.values()))
    locales = dict(
        Contact.objects.filter(pk__in={message.contact_id for message in messages}).values_list(
            "pk", "locale"
        )
    )
    chosen: dict[int, TemplateVersion | None] = {}
    for message in messages:
        translations = by_key.get(keys.get(message.template_id or 0), {})
        codes = (language for language in _languages(locales.get(message.contact_id, "")))
        found = next((translations[code] for code in codes if code in translations), None)
        if found is None:
            found = own.get(message.template_id or 0) or next(iter(translations.values()), None)
        chosen[message.pk] = versions[found] if found is not None else None
    return chosen


def _languages(locale: str) -> Iterable[str]:
    code = locale.replace("_", "-").lower()
    while code:
        yield code
        code = code.rpartition("-")[0]
    for fallback in conf.FALLBACK_LOCALES:
        yield fallback.lower()


# Values ---------------------------------------------------------------------------------------------------------------


def build_contexts(
    messages: Sequence[Message],
    versions: Mapping[int, TemplateVersion | None] | None = None,
    now: datetime.datetime | None = None,
) -> dict[int, dict[str, Any]]:
    """The values that merge tags can have, for each message id. A constant number of statements.

    With the ``versions`` that the messages are rendered from, also what their blocks ask, as it stands ``now``.
    """
    contacts = Contact.objects.in_bulk({message.contact_id for message in messages})
    events = Event.objects.in_bulk({message.entry_event_id for message in messages if message.entry_event_id})
    pages, documents = filling.titles(events.values())
    sites = {site.pk: site for site in Site.objects.all()}
    default = next((site for site in sites.values() if site.is_default_site), None)
    shown = {pk: filling.event_values(event, pages, documents) for pk, event in events.items()}
    with_visit = [message.pk for message in messages if message.visit_id]
    kept = dict(Message.objects.filter(pk__in=with_visit).values_list("pk", "visit__journey__data"))
    unsubscribe_url, confirm_url = links.Urls("unsubscribe"), links.Urls("confirm")
    preferences_url, view_url = links.Urls("preferences"), links.Urls("view")
    contexts: dict[int, dict[str, Any]] = {}
    for message in messages:
        if message.contact_id not in contacts:  # erased a moment ago, and the message with it
            continue
        event = events.get(message.entry_event_id)
        found = sites.get(event.site_id, default) if event else default
        site = filling.site_values(found)
        contexts[message.pk] = {
            "contact": filling.contact_values(contacts[message.contact_id]),
            "event": shown.get(message.entry_event_id, {}),
            "journey": kept.get(message.pk) or {},
            "site": site,
            "site_id": found and found.pk,
            "unsubscribe_url": unsubscribe_url(message.uuid, site["root_url"]) if message.topic_id else None,
            "confirm_url": confirm_url(message.uuid, site["root_url"]),
            "preferences_url": preferences_url(message.uuid, site["root_url"]),
            "view_url": view_url(message.uuid, site["root_url"]),
        }
    if versions is not None and now is not None:
        _ask(messages, versions, contexts, events, now)
    return contexts


def _ask(
    messages: Sequence[Message],
    versions: Mapping[int, TemplateVersion | None],
    contexts: dict[int, dict[str, Any]],
    events: Mapping[int, Event],
    now: datetime.datetime,
) -> None:
    """Ask for all messages together what their blocks need to know, each question once."""
    asking: list[tuple[Message, TemplateVersion]] = []
    for message in messages:
        version = versions.get(message.pk)
        if version is not None and version.needs and message.pk in contexts:
            asking.append((message, version))
    if not asking:
        return
    templates = {version.template_id for _message, version in asking}
    languages = dict(
        EmailTemplate.objects.filter(pk__in=templates).values_list("pk", "locale__language_code")
    )
    base_url = composing.base_url()
    found = needs.answer(
        (
            (
                needs.Asked(
                    message.pk,
                    message.contact_id,
                    languages[version.template_id],
                    base_url,
                    events.get(message.entry_event_id or 0),
                ),
                version.needs,
            )
            for message, version in asking
        ),
        now,
    )
    for pk, answers in found.items():
        contexts[pk]["blocks"] = answers
