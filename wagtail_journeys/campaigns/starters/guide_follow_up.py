"""Who downloads a guide gets help with the next step, and who keeps reading is offered a talk."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, branch, did, event, send, wait
from .material import Material


@registry.register
class GuideFollowUp(Starter):
    key = "guide_follow_up"
    label = _("Guide follow-up")
    description = _(
        "Who downloads a guide gets help with the next step, and who keeps reading is offered a talk."
    )
    icon = "doc-full"

    def draft(self, material: Material) -> Draft:
        if not material.has_documents():
            material.todo(_t("Upload a guide: the site has no documents that could be downloaded yet."))
        guides = material.page("guide", "gids", "download", "document")
        contact = material.page("contact", "pricing", "tarieven", "prijzen", "about", "over")
        thanks = material.email(
            _t("Guide follow-up: thank you"),
            _("Your guide: {{ event.document_title | default: 'thank you' }}"),
            _("Good reading"),
            _("<p>If you read one page only, make it the last: it says where to begin.</p>"),
            _("See the other guides"),
            guides,
        )
        talk = material.email(
            _t("Guide follow-up: shall we talk?"),
            _("Shall we look along?"),
            _("You have read more than most"),
            _("<p>In a short talk we go through your questions.</p>"),
            _("Talk to us"),
            contact,
        )
        more = material.email(
            _t("Guide follow-up: what to read next"),
            _("What to read next"),
            _("One step, then the next"),
            _("<p>Others went on with these.</p>"),
            _("Read on"),
            guides,
        )
        return Draft(
            trigger=event(catalogue.DOCUMENT_DOWNLOAD),
            steps=[
                wait(10, "minutes"),
                send(thanks),
                wait(3, "days", "09:00"),
                branch(
                    [{**did(catalogue.DOCUMENT_DOWNLOAD, 30), "value": TWICE}], [send(talk)], [send(more)]
                ),
            ],
            goal=event(catalogue.FORM_SUBMIT),
            fields={
                "frequency": "interval",
                "interval": 2,
                "interval_unit": "weeks",
                "stop_on_goal": True,
                "topic": material.topic(),
            },
        )


#: Two guides or more.
TWICE = {**did(catalogue.DOCUMENT_DOWNLOAD, 30)["value"], "count": 2}
