"""What every page of the site needs: its menus and its translations."""

from django import template
from django.conf import settings
from django.urls import translate_url
from django.utils.translation import get_language, get_language_info
from wagtail.models import Page, Site

register = template.Library()


def _home(context):
    site = Site.find_for_request(context["request"])
    return site.root_page.localized if site else None


@register.simple_tag(takes_context=True)
def home_page(context):
    """The home page in the language of this page."""
    return _home(context)


@register.simple_tag(takes_context=True)
def main_menu(context):
    """Pages below home that editors put into menus."""
    home = _home(context)
    return home.get_children().live().in_menu().specific() if home else []


@register.simple_tag(takes_context=True)
def footer_menu(context):
    """Pages below home that are not in the main menu: newsletter, privacy and the like."""
    home = _home(context)
    return home.get_children().live().not_in_menu() if home else []


@register.simple_tag(takes_context=True)
def footer_page(context, slug: str):
    """The page below home with this slug, if there is one."""
    return next((page for page in footer_menu(context) if page.slug == slug), None)


@register.simple_tag(takes_context=True)
def languages(context):
    """This page in every language: code, own name, address with and without host, and which one is shown.

    A page without a translation leads to the home page of that language.
    """
    request, page = context["request"], context.get("page")
    is_page = isinstance(page, Page) and page.pk
    pages = {}
    if is_page:
        for translation in page.get_translations(inclusive=True).live().select_related("locale"):
            pages[translation.locale.language_code] = translation
    links = []
    for code, _name in settings.LANGUAGES:
        if code in pages:
            path, exact = pages[code].get_url(request), True
        elif is_page:
            path, exact = f"/{code}/", False
        else:
            path, exact = translate_url(request.path, code), True
        links.append(
            {
                "code": code,
                "name": get_language_info(code)["name_local"].capitalize(),
                "path": path,
                "url": request.build_absolute_uri(path),
                "exact": exact,
                "current": code == get_language(),
            }
        )
    return links


@register.filter
def is_below(page, ancestor) -> bool:
    """Is this page the other one, or somewhere below it?"""
    return isinstance(page, Page) and (page.pk == ancestor.pk or page.is_descendant_of(ancestor))
