"""Confirms a seat, reminds of it, and sends the recording afterwards."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, add_points, event, send, wait
from .material import Material


@registry.register
class Webinar(Starter):
    key = "webinar"
    label = _("Webinar")
    description = _("Confirms a seat, reminds of it, and sends the recording afterwards.")
    icon = "date"

    def draft(self, material: Material) -> Draft:
        form = material.form("webinar", "event", "workshop")
        if form is None:
            material.todo(_t("Choose the form in the trigger: no form was found on the site."))
        material.todo(
            _t(
                "Set how long to wait: the reminder goes out a week after signing up, the recording a week later."
            )
        )
        seat = material.email(
            _t("Webinar: your seat"),
            _("Your seat at the webinar"),
            _("See you there"),
            _("<p>You are on the list. Here is what to have at hand.</p>"),
            _("About the webinar"),
            form,
        )
        reminder = material.email(
            _t("Webinar: tomorrow"),
            _("Tomorrow: the webinar"),
            _("Until tomorrow"),
            _("<p>This is the link, and this is how it works.</p>"),
            _("About the webinar"),
            form,
        )
        recording = material.email(
            _t("Webinar: the recording"),
            _("The recording, and the answers"),
            _("Thank you for being there"),
            _("<p>The recording is online, with the questions there was no time for.</p>"),
            _("About the webinar"),
            form,
        )
        return Draft(
            trigger=event(catalogue.FORM_SUBMIT, page=form),
            steps=[
                send(seat),
                add_points(10),
                wait(1, "weeks", "09:00"),
                send(reminder),
                wait(1, "weeks", "10:00"),
                send(recording),
            ],
            fields={"frequency": "once", "topic": material.topic()},
        )
