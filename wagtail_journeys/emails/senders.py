"""From which addresses emails may be: those that the settings name, and those whose owners have confirmed it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _t

from wagtail_journeys.conf import conf

from .traffic import SenderIdentity

#: How long the link in the email that asks for confirmation is good.
AGE = datetime.timedelta(days=7)
SALT = "wagtail_journeys.emails.senders"


def named(address: str) -> bool:
    """Whether it is one of the site's own domain, or one that JOURNEYS_SENDERS names."""
    address = address.strip().lower()
    domain = address.rpartition("@")[2]
    own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower().rpartition("@")[2]
    known = {str(sender).strip().lower() for sender in conf.SENDERS}
    return bool(domain) and (domain == own or address in known or f"@{domain}" in known)


def allowed(address: str) -> bool:
    """Whether an email may be from this address. One statement at most."""
    return named(address) or load().confirmed(address)


def refusal(address: str) -> str:
    """Why an email may not be from this address, and what to do."""
    words = _t(
        "Emails may not be sent from “%s”: nobody has confirmed that address. Add it under Senders, and have its owner "
        "press the button in the email that comes then."
    )
    return words % address


@dataclass(frozen=True)
class Senders:
    """The senders whose owners have confirmed them, as they stand."""

    addresses: frozenset[str] = frozenset()
    defaults: dict[int | None, str] = field(default_factory=dict)  # by site

    def confirmed(self, address: str) -> bool:
        return address.strip().lower() in self.addresses

    def allowed(self, address: str) -> bool:
        return named(address) or self.confirmed(address)

    def default(self, site: int | None) -> str:
        """What a site sends from where nobody says anything else."""
        return self.defaults.get(site) or self.defaults.get(None) or str(settings.DEFAULT_FROM_EMAIL)


def load() -> Senders:
    """One statement."""
    rows = SenderIdentity.objects.filter(verified_at__isnull=False).order_by()
    addresses: set[str] = set()
    defaults: dict[int | None, str] = {}
    for site, name, email, is_default in rows.values_list("site_id", "name", "email", "is_default"):
        addresses.add(email.lower())
        if is_default:
            defaults[site] = formataddr((name, email))
    return Senders(frozenset(addresses), defaults)


# Confirming -----------------------------------------------------------------------------------------------------------


def ask(
    identity: SenderIdentity,
    base_url: str,
    send: Callable[[list[str], str, str], None],
    now: datetime.datetime,
) -> bool:
    """Ask the owner of the address with ``send(recipients, subject, text)``; returns whether that was needed.

    An address that the settings name is confirmed at once. Raises what ``send`` raises.
    """
    if named(identity.email):
        identity.verified_at = now
        identity.save(update_fields=["verified_at"])
        return False
    link = f"{base_url.rstrip('/')}{reverse('wagtail_journeys:sender', args=[make_token(identity)])}"
    text = _t(
        "Somebody wants to send emails from the address %(address)s, with the name “%(name)s”.\n\n"
        "If you agree, open this page and press the button:\n\n%(link)s\n\n"
        "If you do not, do nothing: no email will be sent from your address. The link is good for a week."
    )
    said = {"address": identity.email, "name": identity.name, "link": link}
    send([identity.email], _t("May emails be sent from %s?") % identity.email, text % said)
    identity.asked_at, identity.verified_at = now, None
    identity.save(update_fields=["asked_at", "verified_at"])
    return True


def make_token(identity: SenderIdentity) -> str:
    return signing.dumps([identity.pk, identity.email.lower()], salt=SALT)


def of_token(token: str) -> SenderIdentity | None:
    """Whose link it is; None where it is not ours, too old, or the address has been changed since."""
    try:
        pk, email = signing.loads(token, salt=SALT, max_age=AGE)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return SenderIdentity.objects.filter(pk=pk, email__iexact=email).first()


def confirm(identity: SenderIdentity, now: datetime.datetime) -> None:
    """Its owner has pressed the button. Doing it again changes nothing."""
    SenderIdentity.objects.filter(pk=identity.pk, verified_at__isnull=True).update(verified_at=now)
