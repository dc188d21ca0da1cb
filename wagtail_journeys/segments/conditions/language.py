"""The contact's language."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import babel
from django.conf.locale import LANG_INFO
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.models import Locale

from wagtail_journeys.segments import reading
from wagtail_journeys.segments.rows import hidden_when

from . import registry
from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "exists": _("is known"),
    "missing": _("is not known"),
}


def name(code: str) -> str:
    """The language in the words of the reader, "Dutch (Belgium)"; the code itself where there are none."""
    try:
        spoken = babel.Locale.parse(code, sep="-")
        return spoken.get_display_name((get_language() or "en").replace("-", "_")) or code
    except (babel.UnknownLocaleError, ValueError):
        return code


def languages() -> list[tuple[Any, list[tuple[str, str]]]]:
    """Those of the site's content first, then all that Django knows; a language before its regional forms."""
    ours: dict[str, str] = {}
    for code in Locale.objects.order_by("language_code").values_list("language_code", flat=True):
        base = code.partition("-")[0]
        ours[base] = _t("%s, any") % name(base)
        if base != code:
            ours[code] = name(code)
    others = {
        code: name(code) for code in LANG_INFO if code not in ours and "fallback" not in LANG_INFO[code]
    }
    return [
        (_("Languages of the site"), _sorted(ours)),
        (_("Other languages"), _sorted(others)),
    ]


def _sorted(names: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda pair: (name(pair[0].partition("-")[0]).casefold(), pair[0]))


@registry.register
class Language(Condition):
    """ "Dutch, any" is also said of somebody whose language is "nl-be"; "Dutch (Belgium)" only of them."""

    key = "language"
    label = _("Language")
    icon = "globe"
    group = _("Who they are")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "operator",
                blocks.ChoiceBlock(choices=list(OPERATORS.items()), default="is", label=_("The language")),
            ),
            (
                "language",
                blocks.ChoiceBlock(
                    choices=languages,
                    required=False,
                    label=_("Language"),
                    form_attrs=hidden_when("operator", ["exists", "missing"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value["operator"] in ("is", "is_not") and not value["language"]:
            return {"language": _("Choose a language.")}
        return {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        operator, code = params["operator"], params.get("language") or ""
        if operator in ("exists", "missing"):
            return Q(locale="") if operator == "missing" else ~Q(locale="")
        spoken = reading.column("locale", "string", lambda value: value.same([reading.Value(code)]))
        if code:
            spoken |= reading.column(
                "locale", "string", lambda value: value.text_is("starts_with", f"{code}-")
            )
        return ~spoken if operator == "is_not" else spoken

    def describe(self, params: Params) -> str:
        operator, code = params["operator"], params.get("language")
        sentences = {
            "is": _t("language is %s"),
            "is_not": _t("language is not %s"),
            "exists": _t("language is known"),
            "missing": _t("language is not known"),
        }
        if operator in ("exists", "missing"):
            return sentences[operator]
        return sentences[operator] % (name(code) if code else "…")

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({"locale"}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        return _t("it is %s") % name(contact.locale) if contact.locale else _t("nothing is known")
