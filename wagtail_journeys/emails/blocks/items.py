"""Lines out of a list that came with an event: what was ordered, what lies in the cart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.fields import EventNameBlock, PropertyNameBlock

from .base import PERSONAL, EmailBlock, Words

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition

MOST = 50


def _field(label: Any, default: str, help_text: Any = "") -> blocks.CharBlock:
    return blocks.CharBlock(required=False, max_length=100, default=default, label=label, help_text=help_text)


class ItemsBlock(EmailBlock, blocks.StructBlock):
    """A line for each item of a list in the event that started the journey."""

    heading = Words(
        required=False, max_length=200, label=_("Heading"), help_text=_("Shown when there are items.")
    )
    event = EventNameBlock(
        required=False,
        label=_("Event"),
        help_text=_("Only to suggest names below: the list is that of the event which started the journey."),
    )
    path = PropertyNameBlock(
        default="products",
        label=_("Property with the list"),
        help_text=_("For example products, items or lines. Inside another property: cart.items"),
    )
    title = _field(
        _("Title"), "name", _("The names that these have in each item of the list. Empty: not shown.")
    )
    price = _field(_("Price"), "price")
    quantity = _field(_("Quantity"), "quantity")
    image = _field(
        _("Image address"),
        "image_url",
        _("Shown if it comes from the site itself or from a host that the email brand settings allow."),
    )
    url = _field(_("Link"), "url")
    currency = _field(
        _("Currency"),
        "currency",
        _(
            "Three letters such as EUR, or the name of the event's property that has them. Empty: prices as they come."
        ),
    )
    number = blocks.IntegerBlock(default=20, min_value=1, max_value=MOST, label=_("At most"))

    class Meta:
        icon = "list-ol"
        label = _("Products")
        label_format = "{path}"
        group = PERSONAL

    FIELDS = ("title", "price", "quantity", "image", "url")

    def _need(self, value: Any, ctx: Composition) -> str:
        return ctx.need(
            "items",
            {
                "path": value["path"],
                "fields": {name: value[name] for name in self.FIELDS if value.get(name)},
                "currency": value.get("currency") or "",
                "number": value.get("number") or 20,
                "hosts": sorted(ctx.look.image_hosts),
            },
        )

    def mjml(self, value: Any, ctx: Composition) -> str:
        name = self._need(value, ctx)
        parts = [ctx.liquid(f"{{% if blocks.{name}.items[0] %}}")]
        if value["heading"]:
            parts.append(
                '<mj-text font-size="22px" line-height="1.25" font-weight="700" padding="16px 24px 8px">'
                f'<h2 style="margin:0;font-size:22px;line-height:1.25">{ctx.words(value["heading"])}</h2></mj-text>'
            )
        rows = f"{{% for item in blocks.{name}.items %}}{self._row(value, ctx)}{{% endfor %}}"
        parts.append(f'<mj-table padding="4px 24px">{ctx.as_is(rows)}</mj-table>')
        return "\n".join([*parts, ctx.liquid("{% endif %}")])

    def _row(self, value: Any, ctx: Composition) -> str:
        cell = f"padding:12px 8px 12px 0;vertical-align:top;border-bottom:1px solid {ctx.look.line}"
        image = ""
        if value.get("image"):
            ctx.image_of("item.image")
            image = (
                f'{{% if blocks.{self._need(value, ctx)}.pictures %}}<td width="80" style="{cell};width:80px">'
                '{% if item.image %}<img src="{{ item.image }}" alt="" width="72" '
                'style="display:block;width:72px;border:0;border-radius:6px">{% endif %}</td>{% endif %}'
            )
        return (
            f'<tr>{image}<td style="{cell}"><p style="margin:0;font-weight:600;font-size:16px;line-height:1.5">'
            '{% if item.url %}<a href="{{ item.url }}" class="wj-title" style="color:inherit;text-decoration:none">{{ item.title }}</a>'
            "{% else %}{{ item.title }}{% endif %}</p></td>"
            f'<td align="right" style="{cell};padding-right:0;text-align:right;white-space:nowrap;font-size:16px;line-height:1.5">'
            "{% if item.quantity %}{{ item.quantity }}&nbsp;×&nbsp;{% endif %}{{ item.price }}</td></tr>"
        )

    def text(self, value: Any, ctx: Composition) -> str:
        name = self._need(value, ctx)
        heading = f"{value['heading']}\n" if value["heading"] else ""
        line = (
            "- {% if item.quantity %}{{ item.quantity }} × {% endif %}{{ item.title }}"
            "{% if item.price %}, {{ item.price }}{% endif %}{% if item.url %}\n  {{ item.url }}{% endif %}\n"
        )
        return (
            f"{{% if blocks.{name}.items[0] %}}{heading}{{% for item in blocks.{name}.items %}}{line}"
            "{% endfor %}{% endif %}"
        )
