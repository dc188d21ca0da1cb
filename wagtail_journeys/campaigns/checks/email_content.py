"""The emails themselves: their size, their images and links, their languages."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from wagtail_journeys.emails import lint

from . import registry
from .base import Check, Draft, Finding, hint


@registry.register
class EmailContent(Check):
    key = "email_content"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        first = {pk: step.id for step in reversed(draft.emails) for pk in step.templates}
        for pk, template in draft.templates.items():
            version = draft.template_versions.get(pk)
            if not template.live or version is None:
                continue
            for words in (*lint.of_content(version, unsubscribe=False), *lint.of_template(template)):
                said = _t("The email “%(template)s”: %(finding)s") % {"template": template, "finding": words}
                yield hint(said, "steps", first[pk])
