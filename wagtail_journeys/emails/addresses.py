"""Links in emails: which may stand there, and how they are written. Plain functions."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import TemplateError

from . import liquid


def link(url: str, base_url: str) -> str:
    """``url`` absolute and with a scheme that may stand in an email; raises TemplateError otherwise.

    It may begin with one merge tag, which is then checked when it is filled in; elsewhere merge tags may stand only
    behind the host.
    """
    url = url.strip()
    begins = re.match(r"\{\{(.*?)\}\}(?=$|[/?#])", url, re.DOTALL)
    if begins:
        inside = begins.group(1).strip()
        checked = inside if inside.endswith("safe_url") or inside in liquid.PLAIN else f"{inside} | safe_url"
        return f"{{{{ {checked} }}}}{url[begins.end() :]}"
    absolute = url if urlsplit(url).scheme in {"mailto", "tel"} else urljoin(base_url, url)
    before, _found, _rest = absolute.partition("{")
    parts = urlsplit(before)
    if parts.scheme not in liquid.SCHEMES:
        raise TemplateError(_t("“%s” is not a link that may stand in an email") % url[:60])
    if parts.scheme in {"http", "https"}:
        if not parts.hostname:
            raise TemplateError(_t("“%s” is not a link that may stand in an email") % url[:60])
        if before != absolute and not (parts.path or parts.query or parts.fragment):
            raise TemplateError(_t("“%s”: a merge tag may not name the site of a link") % url[:60])
    return absolute if "{" in absolute else iri_to_uri(absolute)


def may_load(url: str, base_url: str, hosts: frozenset[str] | set[str]) -> bool:
    """Whether an image at this absolute address may be loaded when an email is read."""
    try:
        parts, own = urlsplit(url), urlsplit(base_url)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        return False
    if any(ord(character) <= 32 or character in "\"'<>\\" for character in url):
        return False
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return True
    return parts.scheme == "https" and parts.hostname in hosts
