"""What waits for opens and clicks of emails: whether any contact may be counted, and that an open says little."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns import event_needs
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import catalogue

from . import registry
from .base import Check, Draft, Finding, Placed, hint, warning
from .events import names_of_fact

PURPOSES = {
    catalogue.EMAIL_OPENED: consent.OPEN_TRACKING,
    catalogue.EMAIL_CLICKED: consent.CLICK_TRACKING,
}


@registry.register
class Opens(Check):
    key = "opens"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        places = list(_places(draft))
        named = {name for names, _field, _block in places for name in names}
        uncounted = {
            name
            for name, purpose in PURPOSES.items()
            if name in named and not Contact.objects.filter(consent.allows(purpose, "pk")).exists()
        }
        for names, field, block in places:
            if catalogue.EMAIL_OPENED in names & uncounted:
                yield warning(
                    _t(
                        "No contact has agreed that opened emails are counted: nothing that waits for it happens."
                    ),
                    field,
                    block,
                )
            elif catalogue.EMAIL_OPENED in names:
                yield hint(
                    _t(
                        "An open says little: many mail programs show no pictures, and some load them whether anybody "
                        "reads or not. A followed link is the better sign."
                    ),
                    field,
                    block,
                )
            if catalogue.EMAIL_CLICKED in names & uncounted:
                yield warning(
                    _t(
                        "No contact has agreed that followed links are counted: nothing that waits for it happens."
                    ),
                    field,
                    block,
                )


def _places(draft: Draft) -> Iterator[tuple[frozenset[str], str, str]]:
    """The events that are named, with where they are."""
    for field, block in draft.facts:
        yield names_of_fact(block), field, block["id"]
    yield frozenset(event_needs.names_inside(draft.raw["filters"])), "filters", ""
    for step in draft.steps:
        yield _names_of_step(step), "steps", step.id


def _names_of_step(placed: Placed) -> frozenset[str]:
    names = frozenset(event_needs.names_inside(placed.params))
    try:
        mentions = placed.step.mentions(placed.params)
    except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
        return names
    return names | mentions.events if mentions is not None else names
