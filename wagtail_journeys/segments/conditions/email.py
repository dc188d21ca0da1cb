"""Was sent an email, got, opened or clicked it, or it bounced: any email, or those of a template, campaign or link."""

from __future__ import annotations

import datetime

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Filter, Number
from wagtail_journeys.segments.rows import shown_when

from . import filters, registry
from .base import Params
from .behaviour import Behaviour

#: What can become of an email: the event, and its words with a place for which email.
ACTIONS = {
    "sent": (catalogue.EMAIL_SENT, _("was sent"), _("was sent %s")),
    "delivered": (catalogue.EMAIL_DELIVERED, _("got (it was delivered)"), _("got %s")),
    "opened": (catalogue.EMAIL_OPENED, _("opened"), _("opened %s")),
    "clicked": (catalogue.EMAIL_CLICKED, _("clicked a link in"), _("clicked a link in %s")),
    "bounced": (catalogue.EMAIL_BOUNCED, _("could not be reached by (it bounced)"), _("could not be reached by %s")),
    "complained": (catalogue.EMAIL_COMPLAINED, _("complained about"), _("complained about %s")),
    "unsubscribed": (catalogue.EMAIL_UNSUBSCRIBED, _("unsubscribed with"), _("unsubscribed with %s")),
}  # fmt: skip
#: What machines do as well, without anybody having seen the email.
BY_MACHINES_TOO = ["opened", "clicked"]


def detail_fields() -> list[tuple[str, blocks.Block]]:
    """Which link was clicked, and whether machines count: beside a field ``action``."""
    return [
        (
            "link",
            blocks.CharBlock(
                required=False,
                max_length=300,
                label=_("Link"),
                help_text=_("The address of the link, or a part of it. Empty: any link."),
                form_attrs=shown_when("action", ["clicked"]),
            ),
        ),
        (
            "machines",
            blocks.BooleanBlock(
                required=False,
                label=_("Machines too"),
                help_text=_(
                    "Mail programs and filters open emails and follow their links by themselves. Only people "
                    "count unless this is ticked."
                ),
                form_attrs=shown_when("action", BY_MACHINES_TOO),
            ),
        ),
    ]


def happened(params: Params, now: datetime.datetime) -> Q:
    """The events that tell the action, with these details, of any email."""
    action = params["action"]
    found = Q(name=ACTIONS[action][0])
    if action in BY_MACHINES_TOO and not params.get("machines"):
        found &= Q(Filter("verdict", "is", catalogue.HUMAN).q(now))
    if action == "clicked" and params.get("link"):
        found &= Q(Filter("url", "contains", params["link"]).q(now))
    return found


def in_words(params: Params, email: str) -> str:
    """The action and its details with ``email``, which says which one: "opened the email “Hello”"."""
    action = params["action"]
    if action == "clicked" and params.get("link"):
        words = _t("clicked the link “%(link)s” in %(email)s") % {"link": params["link"], "email": email}
    else:
        words = str(ACTIONS[action][2]) % email
    if action in BY_MACHINES_TOO and params.get("machines"):
        words += " " + _t("(machines count too)")
    return words


@registry.register
class EmailActivity(Behaviour):
    key = "email"
    label = _("Email")
    icon = "mail"

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "action",
                blocks.ChoiceBlock(
                    choices=[(key, words) for key, (_name, words, _phrase) in ACTIONS.items()],
                    default="opened",
                    label=_("What"),
                ),
            ),
            (
                "template",
                SnippetChooserBlock(
                    "wagtail_journeys.EmailTemplate",
                    required=False,
                    label=_("Email template"),
                    help_text=_("In any language. Empty: any email."),
                ),
            ),
            (
                "campaign",
                SnippetChooserBlock(
                    "wagtail_journeys.Campaign", required=False, label=_("Sent by the campaign")
                ),
            ),
            *detail_fields(),
        ]

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        events = Event.objects.filter(happened(params, now))
        if params.get("template"):
            templates = apps.get_model("wagtail_journeys", "EmailTemplate")._default_manager
            keys = templates.filter(pk=params["template"]).values("translation_key")
            same = templates.filter(translation_key__in=keys).values("pk")
            events = events.alias(template=Number("template")).filter(template__in=same)
        if params.get("campaign"):
            events = events.alias(campaign=Number("campaign")).filter(campaign=params["campaign"])
        return events

    def names(self, params: Params) -> frozenset[str]:
        return frozenset({ACTIONS[params["action"]][0]})

    def what(self, params: Params) -> str:
        if params.get("template"):
            name = filters.name_of("EmailTemplate", params["template"], _t("a deleted template"))
            email = _t("the email “%s”") % name
        else:
            email = _t("any email")
        if params.get("campaign"):
            name = filters.name_of("Campaign", params["campaign"], _t("a deleted campaign"))
            email += " " + _t("of the campaign “%s”") % name
        return in_words(params, email)
