"""The contact's language."""

from __future__ import annotations

from typing import Any

import babel
from django.conf.locale import LANG_INFO
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.models import Locale

from wagtail_journeys import reading

from . import registry
from .chosen import Chosen


def name(code: str) -> str:
    """The language in the words of the reader, "Dutch (Belgium)"; the code itself where there are none."""
    try:
        spoken = babel.Locale.parse(code, sep="-")
        return spoken.get_display_name((get_language() or "en").replace("-", "_")) or code
    except (babel.UnknownLocaleError, ValueError):
        return code


def languages() -> list[tuple[Any, list[tuple[str, Any]]]]:
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


def _sorted(names: dict[str, str]) -> list[tuple[str, Any]]:
    return sorted(names.items(), key=lambda pair: (name(pair[0].partition("-")[0]).casefold(), pair[0]))


@registry.register
class Language(Chosen):
    """ "Dutch, any" is also said of somebody whose language is "nl-be"; "Dutch (Belgium)" only of them."""

    key = "language"
    label = _("Language")
    icon = "globe"
    column = "locale"
    field = "language"
    operator_label = _("The language")
    field_label = _("Language")
    nothing_chosen = _("Choose a language.")
    sentences = {
        "is": _("language is %s"),
        "is_not": _("language is not %s"),
        "exists": _("language is known"),
        "missing": _("language is not known"),
    }

    def choices(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        return languages()

    def chosen(self, code: str) -> Q:
        spoken = reading.column("locale", "string", lambda value: value.same([reading.Value(code)]))
        if code:
            spoken |= reading.column(
                "locale", "string", lambda value: value.text_is("starts_with", f"{code}-")
            )
        return spoken

    def name(self, code: str) -> str:
        return name(code)
