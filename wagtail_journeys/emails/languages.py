"""Into which languages of the site an email is translated (semantics L1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wagtail.models import Locale

if TYPE_CHECKING:
    from .models import EmailTemplate


def missing(templates: Iterable[EmailTemplate]) -> dict[int, list[str]]:
    """For each template the languages, by name, in which there is no live translation of it. Two statements."""
    found = list(templates)
    if not found:
        return {}
    live: dict[Any, set[int]] = defaultdict(set)
    translations = type(found[0])._default_manager.filter(
        translation_key__in={template.translation_key for template in found}, live=True
    )
    for key, locale in translations.values_list("translation_key", "locale"):
        live[key].add(locale)
    locales = list(Locale.objects.all())
    return {
        template.pk: [
            str(locale)
            for locale in locales
            if locale.pk != template.locale_id and locale.pk not in live[template.translation_key]
        ]
        for template in found
    }
