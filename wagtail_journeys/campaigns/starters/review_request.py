"""Asks for a review ten days after an order, and once more if nothing comes."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, event, send, wait, wait_for
from .material import Material


@registry.register
class ReviewRequest(Starter):
    key = "review_request"
    label = _("Review request")
    description = _("Asks for a review ten days after an order, and once more if nothing comes.")
    icon = "openquote"

    def draft(self, material: Material) -> Draft:
        form = material.form("review", "feedback", "beoordeling", "ervaring")
        if form is None:
            material.todo(
                _t("Make a form for reviews and name it in the goal and in the step that waits for it.")
            )
        ask = material.email(
            _t("Review request: how was it?"),
            _("How was it?"),
            _("Tell others how it was"),
            _("<p>Two minutes of your time help the next one to choose.</p>"),
            _("Write a review"),
            form,
        )
        again = material.email(
            _t("Review request: once more"),
            _("Would you still tell us?"),
            _("One question only"),
            _("<p>Would you order again? One word is enough.</p>"),
            _("Write a review"),
            form,
        )
        return Draft(
            trigger=event(catalogue.ORDER_COMPLETED),
            steps=[
                wait(10, "days", "10:00"),
                send(ask),
                wait_for(catalogue.FORM_SUBMIT, 5, "days", [], [send(again)]),
            ],
            goal=event(catalogue.FORM_SUBMIT, page=form),
            fields={
                "frequency": "every_time",
                "run_key": "order_id",
                "stop_on_goal": True,
                "topic": material.topic(),
            },
        )
