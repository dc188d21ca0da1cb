"""Whether nothing is ever sent to the contact's address."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact, Suppression
from wagtail_journeys.segments.hashing import Sha256

from . import registry
from .base import Condition, Mentions, Params

MODES = {"suppressed": _("is blocked"), "not_suppressed": _("is not blocked")}


class _Among(Func):
    """Whether the hash of the contact's address is in a query of hashes; never NULL."""

    template = "COALESCE(%(expressions)s, %(no)s)"
    arg_joiner = " IN "
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, no="false", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, no="0", **extra)


def among(hashes: QuerySet[Suppression, Any]) -> Q:
    """Contacts whose address is one of these. The hash is made of each contact's address, once."""
    hashed = Sha256(Concat(Value(conf.HASH_KEY), F("email")))
    return Q(_Among(hashed, Subquery(hashes.order_by().values("address_hash"))))


@registry.register
class Suppressed(Condition):
    """Bounced for good, complained, erased or blocked by hand. Emails never go to such an address, whatever is asked."""

    key = "suppressed"
    label = _("Blocked address")
    icon = "no-view"
    group = _("What they agreed to")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "mode",
                blocks.ChoiceBlock(
                    choices=list(MODES.items()), default="not_suppressed", label=_("The address")
                ),
            ),
            (
                "reason",
                blocks.ChoiceBlock(
                    choices=Suppression.Reason.choices,
                    required=False,
                    label=_("Reason"),
                    help_text=_("Empty: for whatever reason."),
                ),
            ),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        if params["mode"] not in MODES:
            raise ValueError(f"There is no {params['mode']!r}.")
        found = Suppression.objects.all()
        if params.get("reason"):
            found = found.filter(reason=params["reason"])
        blocked = among(found)
        return blocked if params["mode"] == "suppressed" else ~blocked

    def describe(self, params: Params) -> str:
        reason = params.get("reason")
        blocked = params["mode"] == "suppressed"
        if not reason:
            return _t("has a blocked address") if blocked else _t("does not have a blocked address")
        words = Suppression.Reason(reason).label
        phrase = _t("has a blocked address (%s)") if blocked else _t("does not have a blocked address (%s)")
        return phrase % words

    def mentions(self, params: Params) -> Mentions:
        # Addresses are blocked by their hash, by whoever hears of it first: the clock's sweep finds whose they are.
        return Mentions(fields=frozenset({"email", "suppression"}), clock=True)

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        new = Suppression.objects.filter(since__gt=since, since__lte=now)
        if not new.exists():
            return Contact.objects.none().values_list("pk", flat=True)
        return Contact.objects.filter(among(new)).values_list("pk", flat=True)
