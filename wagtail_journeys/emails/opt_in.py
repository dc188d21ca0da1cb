"""The email that asks whether a sign-up was meant. It carries no offer and no pixel, and ignores topics: it asks for one."""

from __future__ import annotations

import datetime
import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _t
from wagtail.models import Site

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent, topics
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.contacts.topics import Worded

from . import filling, links

logger = logging.getLogger(__name__)

State = SignUp.State

#: One that was being handed over for so long is shown as perhaps sent. Whoever misses it asks again.
LEASE = datetime.timedelta(minutes=10)
REST = datetime.timedelta(minutes=5)

#: What the mail server says about one email; everything else is about the mail server.
ABOUT_ONE = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


@dataclass(frozen=True)
class Question:
    """One email, ready to be sent."""

    to: str
    subject: str
    text: str
    html: str


def deliver(clock: Callable[[], datetime.datetime], send: Callable[[Question], None], limit: int) -> int:
    """Hand over the due emails with ``send``; returns how many were looked at. Each is marked before it goes out.

    A suppressed address gets none. Not inside a transaction.
    """
    now = clock()
    if not SignUp.objects.filter(due_at__lte=now).exists():
        return 0
    SignUp.objects.filter(state=State.SENDING, due_at__lte=now).update(state=State.UNKNOWN, due_at=None)
    with transaction.atomic(using=db.write_connection(SignUp).alias, durable=True):
        due = SignUp.objects.filter(state=State.QUEUED, due_at__lte=now)
        due.exclude(consent.not_suppressed()).update(
            state=State.FAILED, due_at=None, error=_t("the address is suppressed")
        )
        rows = db.claim(due.order_by("due_at", "pk"), limit)
        SignUp.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.SENDING, due_at=now + LEASE)
    sites = {site.pk: site for site in Site.objects.all()} if rows else {}
    known = Topic.objects.in_bulk({asked["topic"] for row in rows for asked in row.topics})
    for number, row in enumerate(rows, start=1):
        site = sites.get(row.site_id or 0) or next((s for s in sites.values() if s.is_default_site), None)
        try:
            send(question(row, site, [known[a["topic"]] for a in row.topics if a["topic"] in known]))
        except Exception as error:
            logger.warning("The question about sign-up %s was not sent", row.pk, exc_info=True)
            attempts = row.attempts + 1
            last = attempts >= conf.MAX_ATTEMPTS
            SignUp.objects.filter(pk=row.pk).update(
                state=State.FAILED if last else State.QUEUED,
                due_at=None if last else clock() + REST * attempts,
                attempts=attempts,
                error=f"{type(error).__name__}: {error}"[:500],
            )
            if not isinstance(error, ABOUT_ONE):
                # The others would wait for the same mail server, and the clock with them.
                left = SignUp.objects.filter(pk__in=[each.pk for each in rows[number:]], state=State.SENDING)
                left.update(state=State.QUEUED, due_at=clock() + REST)
                break
        else:
            SignUp.objects.filter(pk=row.pk).update(state=State.SENT, due_at=None, sent_at=clock())
    return len(rows)


def question(row: SignUp, site: Site | None, about: Sequence[Topic]) -> Question:
    """The email in the language of the form. Its templates can be the site's own."""
    values = filling.site_values(site)
    with translation.override(row.language or translation.get_language()):
        items: list[Worded] = topics.worded(about, row.language)
        context = {
            "site_name": values["name"],
            "items": items,
            "url": links.Urls("opt_in")(row.uuid, values["root_url"]),
            "days": conf.SIGN_UP_DAYS,
            "language": translation.get_language(),
            "right_to_left": translation.get_language_bidi(),
        }
        folder = "wagtail_journeys/sign_up/email"
        subject = " ".join(render_to_string(f"{folder}_subject.txt", context).split())
        text = render_to_string(f"{folder}.txt", context).strip() + "\n"
        html = render_to_string(f"{folder}.html", context)
    return Question(row.address, subject, text, html)
