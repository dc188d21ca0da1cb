"""Which emails show a fragment, a page or the brand of a site. What is in use is neither deleted nor unpublished."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from wagtail.models import ReferenceIndex

from wagtail_journeys.events.places import page_model
from wagtail_journeys.exceptions import BadRules
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.segments.usage import refusal

from .brands import EmailBrand
from .fragments import EmailFragment
from .models import EmailTemplate, TemplateVersion


def _referring(model: type[Any], to: type[Any], ids: Collection[int]) -> dict[int, set[int]]:
    """For each of these things the rows of ``model`` that name it. One statement."""
    rows = ReferenceIndex.objects.filter(
        base_content_type=ContentType.objects.get_for_model(model),
        to_content_type=ContentType.objects.get_for_model(to),
        to_object_id__in=[str(pk) for pk in ids],
    )
    found: dict[int, set[int]] = {pk: set() for pk in ids}
    for target, source in rows.values_list("to_object_id", "object_id"):
        found[int(target)].add(int(source))
    return found


def _translations(fragments: Collection[int]) -> dict[int, set[int]]:
    """For each fragment its id and those of its translations: an email names one and shows that of its language."""
    keys = dict(EmailFragment.objects.filter(pk__in=fragments).values_list("pk", "translation_key"))
    rows = EmailFragment.objects.filter(translation_key__in=set(keys.values()))
    by_key: dict[Any, set[int]] = {}
    for pk, key in rows.values_list("pk", "translation_key"):
        by_key.setdefault(key, set()).add(pk)
    return {pk: by_key[key] for pk, key in keys.items()}


def of_brand(brand: EmailBrand) -> Q:
    """The templates that have this brand."""
    mine = Q(site=brand.site_id)
    return mine | Q(site=None) if brand.site.is_default_site else mine


def of_fragments(fragments: Collection[int]) -> dict[int, set[int]]:
    """For each fragment the ids of the templates that show it, by themselves or with their brand."""
    same = _translations(fragments)
    every = set().union(*same.values())
    named = _referring(EmailTemplate, EmailFragment, every)
    found = {pk: set().union(*(named[other] for other in others)) for pk, others in same.items()}
    brands = EmailBrand.objects.select_related("site").filter(Q(above__in=every) | Q(below__in=every))
    for brand in brands:
        templates = set(EmailTemplate.objects.filter(of_brand(brand)).values_list("pk", flat=True))
        for pk, others in same.items():
            if {brand.above_id, brand.below_id} & others:
                found[pk] |= templates
    return found


def of_content(model: type[Any], ids: Collection[int]) -> dict[int, set[int]]:
    """For each page or document the ids of the templates that name it, by a block, a link or a fragment that they show."""
    found = _referring(EmailTemplate, model, ids)
    fragments = _referring(EmailFragment, model, ids)
    every = set().union(*fragments.values())
    shown = of_fragments(every) if every else {}
    return {pk: found[pk].union(*(shown.get(fragment, ()) for fragment in fragments[pk])) for pk in found}


def of_page(page: Any) -> set[int]:
    """The templates in which the page is named, in whatever language."""
    Page = page_model()
    ids = list(Page.objects.filter(translation_key=page.translation_key).values_list("pk", flat=True))
    return set().union(*of_content(Page, ids).values())


def of_segments(segments: Collection[int]) -> dict[int, list[str]]:
    """For each segment the names of the live emails that ask for it in a condition, as they were published."""
    newest = (
        TemplateVersion.objects.filter(template=OuterRef("template")).order_by("-number").values("pk")[:1]
    )
    versions = TemplateVersion.objects.filter(pk=Subquery(newest), template__live=True).exclude(needs={})
    found: dict[int, list[str]] = {pk: [] for pk in segments}
    for name, needs in versions.order_by("template__name").values_list("template__name", "needs"):
        rules = [rule for need in needs.values() for rule in need["params"].get("rules") or ()]
        try:
            mentioned = compiler.mentions(rules).segments
        except BadRules:
            continue
        for pk in mentioned & found.keys():
            if name not in found[pk]:
                found[pk].append(name)
    return found


def _segments(instances: Sequence[Any], sentence: str) -> list[str]:
    segments = {item.pk: item for item in instances if isinstance(item, Segment)}
    using = of_segments(segments) if segments else {}
    return [
        sentence % {"segment": segments[pk], "names": ", ".join(f"“{name}”" for name in names)}
        for pk, names in using.items()
        if names
    ]


def _against(instances: Sequence[Any], words: Callable[[int], str]) -> list[str]:
    fragments = {item.pk: item for item in instances if isinstance(item, EmailFragment)}
    if not fragments:
        return []
    using = of_fragments(fragments)
    brands = EmailBrand.objects.filter(Q(above__in=fragments) | Q(below__in=fragments))
    in_brands = {pk for pair in brands.values_list("above", "below") for pk in pair}
    reasons = []
    for pk, fragment in fragments.items():
        templates = using[pk]
        names = list(EmailTemplate.objects.filter(pk__in=templates).values_list("name", flat=True)[:3])
        if names:
            shown = ", ".join(f"“{name}”" for name in names) + (" …" if len(templates) > len(names) else "")
            number = len(templates)
            reasons.append(words(number) % {"fragment": fragment, "number": number, "names": shown})
        elif pk in in_brands:
            reasons.append(
                _t("“%s” is named in the email brand of a site. Take it out there first.") % fragment
            )
    return reasons


def _not_deleted(number: int) -> str:
    return ngettext(
        "“%(fragment)s” cannot be deleted: %(number)d email template shows it (%(names)s).",
        "“%(fragment)s” cannot be deleted: %(number)d email templates show it (%(names)s).",
        number,
    )


def _not_unpublished(number: int) -> str:
    return ngettext(
        "“%(fragment)s” cannot be unpublished: %(number)d email template shows it (%(names)s).",
        "“%(fragment)s” cannot be unpublished: %(number)d email templates show it (%(names)s).",
        number,
    )


def refuse_delete(request: HttpRequest, instances: Sequence[Any]) -> HttpResponse | None:
    """For Wagtail's ``before_delete_snippet`` hook."""
    asked = _t("“%(segment)s” cannot be deleted: the email %(names)s asks for it in a condition.")
    return refusal(request, instances, _against(instances, _not_deleted) + _segments(instances, asked))


def refuse_unpublish(request: HttpRequest, instance: Any) -> HttpResponse | None:
    """For Wagtail's ``before_unpublish`` hook."""
    asked = _t("“%(segment)s” cannot be unpublished: the email %(names)s asks for it in a condition.")
    return refusal(request, [instance], _against([instance], _not_unpublished) + _segments([instance], asked))
