"""Form pages whose submissions may sign people up: a box to tick is added to the form for each topic that its editor chooses."""

from __future__ import annotations

import datetime
import logging
from typing import Any

from django.db import DatabaseError, models
from django.forms import CheckboxSelectMultiple
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel

from wagtail_journeys import db
from wagtail_journeys.contacts import topics
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.contacts.sign_ups import Asked
from wagtail_journeys.contacts.topics import Worded
from wagtail_journeys.tracking import forms, opting
from wagtail_journeys.tracking.submissions import CONSENT

logger = logging.getLogger(__name__)

#: Source of the consent entries.
FORM = "form"


class ConsentFormMixin(models.Model):
    """Put it before Wagtail's form page class, and ``consent_panels`` among the panels; then make a migration."""

    consent_topics = ParentalManyToManyField(
        "wagtail_journeys.Topic",
        blank=True,
        related_name="+",
        limit_choices_to={"is_public": True, "purpose": ""},
        verbose_name=_("topics to sign up for"),
        help_text=_(
            "For each of them a box stands below the form, with the topic's words of consent. Whoever ticks it is asked by "
            "email to confirm. The form needs a field for the email address."
        ),
    )

    consent_panels = [FieldPanel("consent_topics", widget=CheckboxSelectMultiple)]

    class Meta:
        abstract = True

    def consent_items(self) -> list[Worded]:
        """The topics in the page's language. Two statements."""
        locale: Any = getattr(self, "locale", None)
        return topics.worded(self.consent_topics.all(), locale.language_code if locale else "")

    def get_form_fields(self) -> list[Any]:
        """The form's own fields, and a box for each topic."""
        found = super().get_form_fields()  # type: ignore[misc]
        field_model = self._meta.get_field("form_fields").related_model
        boxes = [
            field_model(  # type: ignore[misc]
                label=item.wording,
                help_text=item.description,
                clean_name=name_of(item),
                field_type="checkbox",
                required=False,
            )
            for item in self.consent_items()
        ]
        return [*found, *boxes]


def name_of(item: Worded) -> str:
    """The name of a topic's box in the form and in what is submitted."""
    return f"{CONSENT}{item.topic.slug.replace('-', '_')}"


def sign_up(page: Any, data: Any, address: str, origin: forms.Origin, now: datetime.datetime) -> None:
    """Take what was ticked in a submission of such a page; other pages sign nobody up."""
    if not isinstance(page, ConsentFormMixin) or not address:
        return
    ticked = [item for item in page.consent_items() if data.get(name_of(item)) is True]
    if not ticked:
        return
    locale: Any = getattr(page, "locale", None)
    asked = Asked(
        address=address,
        items=ticked,
        source=FORM,
        language=locale.language_code if locale else "",
        url=origin.url,
        network=origin.network,
        user_agent=origin.user_agent,
        site_id=origin.site_id,
    )
    try:
        with db.batch(SignUp):
            opting.ask(asked, now)
    except DatabaseError:
        logger.exception("The sign-up with a form could not be kept.")  # the form itself is, all the same
