"""Email templates say what the editor last wrote, and let contacts unsubscribe."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Templates(Check):
    key = "templates"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        for step in draft.emails:
            for pk in step.templates:
                template, version = draft.templates.get(pk), draft.template_versions.get(pk)
                if template is None or not template.live:
                    continue
                if template.has_unpublished_changes:
                    yield warning(
                        _t(
                            "The email template “%s” has changes that are not published: contacts get it without them."
                        )
                        % template,
                        "steps",
                        step.id,
                    )
                if template.expire_at and template.expire_at > draft.now:
                    yield warning(
                        _t(
                            "The email template “%s” is to be unpublished on a date: the step fails from then on."
                        )
                        % template,
                        "steps",
                        step.id,
                    )
                if draft.campaign.topic_id and version and "unsubscribe_url" not in version.html:
                    yield warning(
                        _t(
                            "The email “%s” has no link to unsubscribe. Put {{ unsubscribe_url }} into its footer."
                        )
                        % template,
                        "steps",
                        step.id,
                    )
