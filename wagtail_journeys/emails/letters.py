"""From a message to the letter that is handed over: filled in, with its sender and its headers."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import MissingValue, TemplateError

from . import rendering, rewriting, senders
from .mime import Letter
from .models import EmailTemplate, Message, TemplateVersion


@dataclass
class Written:
    """The letters of a batch, in the order of its messages, and why the others cannot be written."""

    letters: list[Letter] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    #: Those that the template leaves out, as it has no value for one of its merge tags.
    skipped: dict[int, str] = field(default_factory=dict)


def write(messages: Sequence[Message], now: datetime.datetime) -> Written:
    """Fill in every message, and keep what it took with it. A constant number of statements."""
    versions = rendering.choose_versions(messages)
    contexts = rendering.build_contexts(messages, versions, now)
    rewriter = rewriting.Rewriter(messages, versions, contexts)
    known = senders.load()
    written = Written()
    rows: list[tuple[int, int, str, dict[str, Any]]] = []
    for message in messages:
        version, context = versions[message.pk], contexts.get(message.pk)
        if context is None:
            continue
        if version is None:
            written.failed[message.pk] = _t("the email template is not live in any language")
            continue
        try:
            rendered = rendering.render(version, context, message.merge, rewriter.prepare)
            letter = compose(message, version, rewriter.finish(message, version, rendered), context, known)
        except MissingValue as error:
            left_out = version.missing == EmailTemplate.Missing.SKIP
            (written.skipped if left_out else written.failed)[message.pk] = str(error)
            continue
        except TemplateError as error:
            written.failed[message.pk] = str(error)
            continue
        written.letters.append(letter)
        rows.append((message.pk, version.pk, rendered.subject, rendered.context_used))
    rewriter.save()
    db.update_rows(Message, "id", ["version", "subject", "context"], rows)
    return written


def compose(
    message: Message,
    version: TemplateVersion,
    rendered: rendering.Rendered,
    context: dict[str, Any],
    known: senders.Senders,
) -> Letter:
    """Raises TemplateError where an address cannot be written into a header, or may not be sent from."""
    headers: dict[str, str] = {}
    if context.get("unsubscribe_url"):
        links = [context["unsubscribe_url"]]
        if conf.UNSUBSCRIBE_MAILTO:
            links.append(f"mailto:{conf.UNSUBSCRIBE_MAILTO}?subject=unsubscribe%20{message.uuid}")
        headers["List-Unsubscribe"] = ", ".join(f"<{link}>" for link in links)
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    site = _slug(context["site"]["name"])
    headers["Feedback-ID"] = (
        f"{message.campaign_id or 0}:{version.template_id}:{message.step_id[:8] or 0}:{site}"
    )
    return Letter(
        message=message.pk,
        sender=sender_of(message, version, known, context.get("site_id")),
        to=message.address,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        header_id=message.header_id,
        reply_to=message.merge.get("reply_to") or version.reply_to,
        headers=headers,
        key=str(message.uuid),
        tags=(f"campaign-{message.campaign_id}",) if message.campaign_id else (),
        repeated=message.key_until is not None,
    ).checked()


@functools.lru_cache(maxsize=256)
def _slug(name: str) -> str:
    return slugify(name) or "site"


def sender_of(
    message: Message, version: TemplateVersion, known: senders.Senders, site: int | None = None
) -> str:
    """What the step says, else the template, else the site. Raises TemplateError where nobody has confirmed the address."""
    usual = version.from_email or known.default(site)
    own = message.merge.get("from_name"), message.merge.get("from_email")
    if any(own):
        name, address = parseaddr(usual)
        usual = formataddr((own[0] or name, own[1] or address))
    if usual != settings.DEFAULT_FROM_EMAIL:
        address = parseaddr(usual)[1]
        if address and not known.allowed(address):
            raise TemplateError(senders.refusal(address))
    return usual
