"""Signatures after Standard Webhooks (standardwebhooks.com), so that a receiver knows who called."""

from __future__ import annotations

import binascii
import datetime
import uuid

from django.utils.translation import gettext as _t
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from wagtail_journeys.exceptions import CallRefused


def headers(secret: str, key: uuid.UUID, body: str, now: datetime.datetime) -> dict[str, str]:
    """The id (the same for every try), and with a secret the time and one signature for each key in it.

    Two keys, separated by a space, sign twice: while the receiver moves from one to the other, either fits.
    """
    found = {"webhook-id": str(key)}
    if not secret:
        return found
    moment = now.astimezone(datetime.UTC)
    try:
        signatures = [Webhook(each).sign(str(key), moment, body) for each in secret.split()]
    except (EmptyWebhookSecretError, binascii.Error, ValueError) as error:
        raise CallRefused(_t("The signing secret is not of the form whsec_… (base64).")) from error
    return found | {
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
