"""Nothing goes live with errors, whoever publishes it: the editor, a workflow, code, or the clock."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log
from wagtail.models import Revision

from wagtail_journeys.emails import notices
from wagtail_journeys.exceptions import CannotGoLive

from . import checks, topicless
from .checks import Draft, Finding
from .models import Campaign, before_publishing

logger = logging.getLogger(__name__)

REFUSED = "wagtail_journeys.go_live_refused"


def connect() -> None:
    if allow not in before_publishing:
        before_publishing.append(allow)


def allow(campaign: Campaign, revision: Revision, by_clock: bool, user: Any = None) -> bool:
    """Whether ``user`` (None: the system) may let ``revision`` go live. Raises CannotGoLive where not, unless its hour came
    by the clock.
    """
    now = timezone.now()  # noqa: TID251  it goes live now
    draft = Draft(revision.as_object(), now, revision)
    errors = checks.errors(draft)
    refused = "" if by_clock else topicless.refusal(draft, user)
    if not errors and not refused:
        return True
    if not by_clock:
        said = " ".join([*(error.message for error in errors), refused]).strip()
        raise CannotGoLive(_t("“%(name)s” cannot go live. %(said)s") % {"name": campaign, "said": said})
    _note(campaign, revision, errors, now)
    return False


def _note(campaign: Campaign, revision: Revision, errors: Sequence[Finding], now: datetime.datetime) -> None:
    """Take it off the schedule, which goes on with the others, and tell who wrote it."""
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=None)
    messages = [error.message for error in errors]
    log(campaign, REFUSED, user=None, data={"errors": messages}, revision=revision)
    logger.error("The campaign %s did not go live as scheduled: %s", campaign.pk, " ".join(messages))
    if revision.user and revision.user.email:
        subject = _t("“%s” did not go live as scheduled") % campaign
        text = "\n".join(
            [
                _t("These errors stand against it. Mend them and publish it again."),
                *(f"- {m}" for m in messages),
            ]
        )
        notices.queue_many([notices.Draft(None, (revision.user.email,), subject, text)], now)


def register_log_actions(actions: Any) -> None:
    actions.register_action(
        REFUSED, _("Refuse to go live"), _("Did not go live as scheduled: there were errors")
    )
