"""A user of the site, as the doors speak of them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from wagtail_journeys.conf import conf
from wagtail_journeys.events import sanitise


def claims_of(user: Any) -> dict[str, str]:
    """Whose event it is when this user has proven to be there: the account's id, and its address if that is proven."""
    claims = {"external_id": f"user-{user.pk}"}
    address = sanitise.email(getattr(user, user.get_email_field_name(), "") or "")
    if address and has_verified_email(user):
        claims["email"] = address
    return claims


def traits_of(user: Any) -> dict[str, str]:
    """What the account says about the person."""
    names = {key: sanitise.line(getattr(user, key, ""), 200) for key in ("first_name", "last_name")}
    return {key: value for key, value in names.items() if value}


def has_verified_email(user: Any) -> bool:
    """Whether the account's address is known to be its owner's, as JOURNEYS_EMAIL_VERIFIED says.

    An address that anybody may type when signing up would let a stranger take over a contact.
    """
    answer = conf.EMAIL_VERIFIED
    if isinstance(answer, str):
        answer = import_string(answer)
    return bool(answer(user)) if callable(answer) else bool(answer)


def verified_by_site(user: Any) -> bool:
    """The default: what django-allauth says where it is installed; else yes, as the site made the accounts itself."""
    if not apps.is_installed("allauth.account"):
        return True
    address = sanitise.email(getattr(user, user.get_email_field_name(), "") or "")
    known: Any = apps.get_app_config("account").get_model("EmailAddress")
    return known.objects.filter(user_id=user.pk, verified=True, email__iexact=address).exists()
