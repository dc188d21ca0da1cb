"""Three emails in the first ten days for everybody who signs up."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, event, send, wait
from .material import Material


@registry.register
class Welcome(Starter):
    key = "welcome"
    label = _("Welcome series")
    description = _("Three emails in the first ten days for everybody who signs up.")
    icon = "mail"

    def draft(self, material: Material) -> Draft:
        form = material.form("newsletter", "nieuwsbrief", "sign", "subscribe", "register")
        if form is None:
            material.todo(_t("Choose the form in the trigger: no form was found on the site."))
        start = material.page("start", "guide", "gids", "about", "over")
        first = material.email(
            _t("Welcome series: welcome"),
            _("Welcome"),
            _("Good to have you here"),
            _("<p>Thank you for signing up. This is what you can expect from us, and where to begin.</p>"),
            _("Start here"),
            start,
        )
        second = material.email(
            _t("Welcome series: the best of"),
            _("What others read first"),
            _("Three things worth your time"),
            _("<p>Most people begin with these.</p>"),
            _("Have a look"),
            start,
        )
        third = material.email(
            _t("Welcome series: a question"),
            _("What are you looking for?"),
            _("Tell us what you need"),
            _("<p>Reply to this email with one sentence. A person reads it.</p>"),
        )
        return Draft(
            trigger=event(catalogue.FORM_SUBMIT, page=form),
            steps=[
                send(first),
                wait(3, "days", "09:00"),
                send(second),
                wait(1, "weeks", "09:00"),
                send(third),
            ],
            fields={"frequency": "once", "topic": material.topic()},
        )
