"""A reminder for who fills a cart and does not order within four hours, and a second one a day later."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, event, send, wait_for
from .material import Material


@registry.register
class AbandonedCart(Starter):
    key = "abandoned_cart"
    label = _("Abandoned cart")
    description = _(
        "A reminder for who fills a cart and does not order within four hours, and a second one a day later."
    )
    icon = "warning"

    def draft(self, material: Material) -> Draft:
        cart = material.page("cart", "winkelwagen", "shop", "order", "pricing")
        material.todo(_t("Let the shop tell “%s” when something is put into a cart.") % CART)
        first = material.email(
            _t("Abandoned cart: still there"),
            _("You left something behind"),
            _("Your cart is still there"),
            _("<p>We have kept what you chose.</p>"),
            _("Back to the cart"),
            cart,
        )
        second = material.email(
            _t("Abandoned cart: can we help?"),
            _("Any questions left?"),
            _("Can we help?"),
            _("<p>Reply to this email if something is not clear: delivery, payment, sending back.</p>"),
            _("Back to the cart"),
            cart,
        )
        again = wait_for(catalogue.ORDER_COMPLETED, 1, "days", [], [send(second)])
        return Draft(
            trigger=event(CART),
            steps=[wait_for(catalogue.ORDER_COMPLETED, 4, "hours", [], [send(first), again])],
            goal=event(catalogue.ORDER_COMPLETED),
            fields={
                "frequency": "interval",
                "interval": 3,
                "interval_unit": "days",
                "goal_window": 7,
                "stop_on_goal": True,
                "topic": material.topic(),
            },
        )


#: What a shop tells when something is put into a cart.
CART = "cart_updated"
