"""Messages shown again: rendered from the template version and the values that were kept with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _t

from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.rendering import Rendered, render
from wagtail_journeys.exceptions import JourneysError

#: What the email may do inside the page that shows it: be seen. Scripts, forms, frames and plug-ins stay out.
EMAIL_POLICY = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' http: https:; font-src http: https: data:; "
    "form-action 'none'; base-uri 'none'"
)
HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)


def guarded(html: str) -> str:
    """The email's HTML with a content security policy of its own, for an ``<iframe sandbox srcdoc>``.

    Its links would open new windows, which the sandbox does not allow: the receiver's links are not followed by others.
    """
    policy = f'<meta http-equiv="Content-Security-Policy" content="{EMAIL_POLICY}"><base target="_blank">'
    found = HEAD.search(html)
    if found is None:
        return f"<!doctype html><html><head>{policy}</head>{html}"
    return html[: found.end()] + policy + html[found.end() :]


@dataclass(frozen=True)
class Content:
    """What the receiver reads, or why it cannot be shown."""

    rendered: Rendered | None = None
    problem: str = ""

    @property
    def html(self) -> str:
        return guarded(self.rendered.html) if self.rendered else ""


def content(message: Message, urls: Mapping[str, str] | None = None) -> Content:
    """The message as it was rendered. Its receiver's own links lead nowhere, but for those given in ``urls``."""
    if message.emptied_at is not None:
        return Content(problem=_t("It was kept for as long as this site keeps emails, and is thrown away."))
    if message.version is None:
        if message.state in Message.FINAL:
            return Content(problem=_t("It was never rendered, as it did not get so far."))
        return Content(
            problem=_t("It is rendered when its turn comes, in the language the contact has then.")
        )
    own = {name: url for name, url in (urls or {}).items() if name in message.context}
    try:
        kept = {"site": {"root_url": ""}, **message.context, **own}
        return Content(render(message.version, kept, {**message.merge, "mapping": {}}))
    except JourneysError as error:
        return Content(problem=str(error))
