"""Where calls may go: which addresses and ports, looked at in the written URL and again after its name was looked up."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _t

from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import CallRefused

PORTS = {"https": 443, "http": 80}
NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$"
)
#: Nothing that a browser, a library and a server might read in different ways.
DOUBTFUL = re.compile(r"[\x00-\x20\x7f\\]")

#: Not on the library's list of addresses that are not public.
NEVER = tuple(ipaddress.ip_network(network) for network in ("fec0::/10", "::/96", "0.0.0.0/8", "240.0.0.0/4"))


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: int
    #: The site's settings name this host: it may be internal, and spoken to without TLS.
    trusted: bool

    @property
    def key(self) -> str:
        """What the circuit breaker counts by."""
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"


def target_of(url: str) -> Target:
    """Where ``url`` leads to; raises CallRefused with words for the editor. No name is looked up here."""
    if DOUBTFUL.search(url):
        raise CallRefused(_t("The address has a space, a backslash or a control character in it."))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise CallRefused(_t("The address cannot be read: %s") % error) from error
    if parts.scheme.lower() not in PORTS:
        raise CallRefused(_t("The address must begin with https://"))
    if "@" in parts.netloc:
        raise CallRefused(_t("There may be no user name in the address. Put it in an Authorization header."))
    host = _plain(host)
    scheme = parts.scheme.lower()
    port = port if port is not None else PORTS[scheme]
    trusted = _is_allowed(host, port, scheme)
    if not trusted:
        if scheme != "https":
            raise CallRefused(
                _t("Calls to other systems go over https://, so that nobody on the way can read them.")
            )
        if port not in conf.CALLS_PORTS:
            raise CallRefused(_t("Calls to port %d are not allowed by the settings of this site.") % port)
        address = _as_address(host)
        if address is not None:
            check_address(str(address))
    return Target(scheme, host, port, trusted)


def _plain(host: str) -> str:
    """The host in ASCII; raises CallRefused for what is not a name."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise CallRefused(_t("“%s” is not the name of a host.") % host[:60]) from error
    if not NAME.match(host) and _as_address(host) is None:
        raise CallRefused(_t("“%s” is not the name of a host.") % host[:60])
    return host


def _as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_allowed(host: str, port: int, scheme: str) -> bool:
    """A setting entry "host" opens the usual port of the scheme, "host:8080" that one."""
    allowed = {str(entry).lower() for entry in conf.CALLS_ALLOWED_HOSTS}
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{port}" in allowed or (port == PORTS[scheme] and host in allowed)


def check_address(text: str) -> None:
    """Raises CallRefused unless ``text`` is an address of the public internet."""
    address = ipaddress.ip_address(text.strip("[]"))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast or any(address in network for network in NEVER):
        raise CallRefused(_t("%s is an internal address. Calls go to the public internet only.") % address)
