"""Did one thing and then another, within a while, and perhaps without a third in between."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.fields import EventNameBlock
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.rows import ROW, shown_when

from . import filters, period, population, registry
from .base import Condition, Mentions, Params
from .behaviour import DID, DID_NOT
from .period import Period


class EventBlock(blocks.StructBlock):
    """One of the events of a sequence: its name, and where and with which properties."""

    def __init__(self, required: bool = True, **kwargs: Any) -> None:
        super().__init__(
            [
                ("event", EventNameBlock(required=required)),
                *filters.event_fields()[1:],
                *filters.property_fields(),
            ],
            **kwargs,
        )

    class Meta:
        form_classname = ROW
        label_format = "{event}"


@registry.register
class Sequence(Condition):
    """Of all pairs it is enough that one fits. A moment is not before itself: two events of one moment are no sequence."""

    key = "sequence"
    label = _("Did this, then that")
    icon = "order"
    group = _("What they did")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "did",
                blocks.ChoiceBlock(
                    choices=[(DID, _("did")), (DID_NOT, _("did not"))], default=DID, label=_("The contact")
                ),
            ),
            ("first", EventBlock(label=_("First"))),
            ("then", EventBlock(label=_("Then"))),
            (
                "within",
                blocks.ChoiceBlock(
                    choices=[("any", _("at any time later")), ("within", _("at most … later"))],
                    default="any",
                    label=_("How soon"),
                ),
            ),
            (
                "within_amount",
                blocks.IntegerBlock(
                    required=False,
                    default=7,
                    min_value=1,
                    label=_("At most"),
                    form_attrs=shown_when("within", ["within"]),
                ),
            ),
            (
                "within_unit",
                blocks.ChoiceBlock(
                    choices=list(period.UNITS.items()),
                    required=False,
                    default="days",
                    label=_("Unit of time"),
                    form_attrs=shown_when("within", ["within"]),
                ),
            ),
            (
                "between",
                EventBlock(
                    required=False,
                    label=_("And not in between"),
                    help_text=_("Leave the event empty where it does not matter what happened in between."),
                ),
            ),
            *[
                (name, block) if name != "period" else (name, _second_period())
                for name, block in period.fields()
            ],
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        found = period.problems(value)
        if value.get("within") == "within" and not value.get("within_amount"):
            found["within_amount"] = _t("Say how many.")
        return found

    def q(self, params: Params, now: datetime.datetime) -> Q:
        first, then = self._events(params["first"], now), self._events(params["then"], now)
        # Of all the first events before a second one the latest is the only one to look at: an earlier one is longer
        # ago, and whatever came in between since the latest came in between since the earlier one as well.
        before = first.filter(contact_id=OuterRef("contact_id"), occurred_at__lt=OuterRef("occurred_at"))
        latest = before.order_by("-occurred_at").values("occurred_at")[:1]
        pairs = then.filter(Period.read(params, now).q()).annotate(first_at=Subquery(latest))
        if params.get("within") == "within":
            length = period.span(params.get("within_amount"), params.get("within_unit") or "days")
            earliest = ExpressionWrapper(
                F("occurred_at") - Value(length, output_field=DurationField()), output_field=DateTimeField()
            )
            pairs = pairs.filter(first_at__gte=earliest)
        else:
            pairs = pairs.filter(first_at__isnull=False)
        between = params.get("between") or {}
        if between.get("event"):
            meanwhile = self._events(between, now).filter(
                contact_id=OuterRef("contact_id"),
                occurred_at__gt=OuterRef("first_at"),
                occurred_at__lt=OuterRef("occurred_at"),
            )
            pairs = pairs.filter(~Exists(meanwhile))
        found = population.some(pairs)
        return ~found if params.get("did") == DID_NOT else found

    def _events(self, part: Params, now: datetime.datetime) -> QuerySet[Event]:
        return Event.objects.filter(filters.named_q(part, now))

    def describe(self, params: Params) -> str:
        words = {
            "first": filters.describe_event(params["first"]),
            "then": filters.describe_event(params["then"]),
        }
        if params.get("within") == "within":
            words["time"] = period.describe_span(
                params.get("within_amount"), params.get("within_unit") or "days"
            )
            sentence = _t("%(first)s and then, at most %(time)s later, %(then)s") % words
        else:
            sentence = _t("%(first)s and then %(then)s") % words
        sentence += period.describe(params)
        between = params.get("between") or {}
        if between.get("event"):
            sentence += _t(", without this in between: %s") % filters.describe_event(between)
        return _t("not this: %s") % sentence if params.get("did") == DID_NOT else sentence

    def mentions(self, params: Params) -> Mentions:
        parts = [params.get(part) or {} for part in ("first", "then", "between")]
        names = frozenset(part["event"] for part in parts if part.get("event"))
        return Mentions(
            events=names,
            clock=period.moves(params) or any(map(filters.moves, parts)),
            sections=any(part.get("section") for part in parts),
        )

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        if any(filters.moves(params.get(part) or {}) for part in ("first", "then", "between")):
            return None
        moved = Period.read(params, now).crossed(since, now)
        then = Event.objects.filter(moved, name=params["then"]["event"], contact__isnull=False)
        return then.values("contact_id")


def _second_period() -> blocks.ChoiceBlock:
    return blocks.ChoiceBlock(
        choices=list(period.PERIODS.items()), default=period.EVER, label=_("When the second one happened")
    )
