"""What web statistics want to know about a link: that it stood in an email, and in which. The same for every receiver."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlencode, urlsplit

from django.utils.text import slugify

from wagtail_journeys.conf import conf


def values(root_url: str, campaign: str, template: str, step: str = "", variant: str = "") -> dict[str, str]:
    """The parameters for one message as JOURNEYS_UTM words them; those that would be empty are left out."""
    said = {
        "site": (urlsplit(root_url).hostname or "").removeprefix("www."),
        "campaign": slugify(campaign),
        "template": slugify(template),
        "step": step,
        "variant": slugify(variant),
    }
    found = {name: str(wording).format_map(said) for name, wording in conf.UTM.items()}
    return {name: value for name, value in found.items() if value}


def tagged(url: str, parameters: Mapping[str, str], root_url: str) -> str:
    """``url`` with those parameters that it does not have yet, behind its own; unchanged where it leads elsewhere."""
    if not parameters or not is_own(url, root_url):
        return url
    before, hash_, fragment = url.partition("#")
    address, _mark, query = before.partition("?")
    present = {pair.partition("=")[0] for pair in query.split("&")}
    added = urlencode({name: value for name, value in parameters.items() if name not in present})
    if not added:
        return url
    joined = "&".join(filter(None, [query.rstrip("&"), added]))
    return f"{address}?{joined}{hash_}{fragment}"


def is_own(url: str, root_url: str, others: Collection[str] | None = None) -> bool:
    """Whether a link leads to the site that the email is from, or to a host of JOURNEYS_UTM_DOMAINS."""
    try:
        host, own = urlsplit(url).hostname or "", urlsplit(root_url).hostname
    except ValueError:
        return False
    if host and host == own:
        return True
    for name in conf.UTM_DOMAINS if others is None else others:
        if name in ("*", host) or (name.startswith(".") and (host.endswith(name) or host == name[1:])):
            return bool(host)
    return False
