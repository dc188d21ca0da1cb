"""The items of a list in the event that started the journey, each as title, price, quantity, image and link."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urljoin, urlsplit

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal
from django.utils.translation import gettext as _t

from wagtail_journeys.emails import addresses
from wagtail_journeys.emails.pages import short

from . import registry
from .base import Asked, Need

FIELDS = ("title", "price", "quantity", "image", "url")
LARGEST = Decimal(10) ** 12


@registry.register
class Items(Need):
    key = "items"

    def answer(
        self, params: dict[str, Any], asked: Sequence[Asked], now: datetime.datetime
    ) -> dict[int, dict[str, Any]]:
        return {
            one.message: items(params, one.event.properties if one.event else {}, one.language, one.base_url)
            for one in asked
        }

    def sample(self, params: dict[str, Any], one: Asked, now: datetime.datetime) -> dict[str, Any]:
        if one.event is not None:
            return super().sample(params, one, now)
        fields = params["fields"]
        made = [
            {
                fields.get("title", "t"): _t("Example product"),
                fields.get("price", "p"): 24.5,
                fields.get("quantity", "q"): 1,
            },
            {
                fields.get("title", "t"): _t("Another product"),
                fields.get("price", "p"): 8,
                fields.get("quantity", "q"): 2,
            },
        ]
        return items(
            {**params, "path": "sample", "currency": "EUR"}, {"sample": made}, one.language, one.base_url
        )


def items(params: dict[str, Any], properties: Any, language: str, base_url: str) -> dict[str, Any]:
    """What came with an event is anybody's text: it becomes short lines, and addresses are looked at."""
    found: Any = properties
    for part in str(params["path"]).split("."):
        found = found.get(part) if isinstance(found, dict) else None
    fields: dict[str, str] = params["fields"]
    currency = _currency(params["currency"], properties)
    hosts = frozenset(params["hosts"])
    lines = []
    for item in found[: params["number"]] if isinstance(found, list) else []:
        if not isinstance(item, dict):
            item = {fields.get("title", ""): item}
        said = {name: item.get(fields[name]) if name in fields else None for name in FIELDS}
        line = {
            "title": _text(said["title"]),
            "price": _price(said["price"], currency, language),
            "quantity": _number(said["quantity"], language),
            "image": _image(said["image"], base_url, hosts),
            "url": _link(said["url"], base_url),
        }
        if line["title"] or line["price"]:
            # To Liquid, an empty text is something.
            lines.append({name: text or None for name, text in line.items()})
    return {"items": lines, "pictures": any(line["image"] for line in lines)}


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return short(
        "".join(character for character in str(value)[:1000] if character.isprintable() or character == " ")
    )


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value)[:40].strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < LARGEST else None


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _currency(said: str, properties: Any) -> str:
    if not said:
        return ""
    value = properties.get(said) if isinstance(properties, dict) else None
    code = str(value or said).strip().upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def _price(value: Any, currency: str, language: str) -> str:
    amount = _decimal(value)
    if amount is None:
        return _text(value)
    if currency:
        return str(format_currency(amount, currency, locale=_locale(language)))
    return str(format_decimal(amount, locale=_locale(language)))


def _number(value: Any, language: str) -> str:
    amount = _decimal(value)
    return _text(value) if amount is None else str(format_decimal(amount, locale=_locale(language)))


def _image(value: Any, base_url: str, hosts: frozenset[str]) -> str:
    url = _absolute(value, base_url)
    return url if url and addresses.may_load(url, base_url, hosts) else ""


def _link(value: Any, base_url: str) -> str:
    url = _absolute(value, base_url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def _absolute(value: Any, base_url: str) -> str:
    if not isinstance(value, str) or len(value) > 2000 or any(ord(character) <= 32 for character in value):
        return ""
    try:
        return urljoin(base_url, value)
    except ValueError:
        return ""
