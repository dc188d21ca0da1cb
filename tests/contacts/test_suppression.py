from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, make_contact
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import Suppression, address_hash

pytestmark = pytest.mark.django_db


def test_many_at_once() -> None:
    """Three hundred addresses take one statement, in any spelling, and those known before keep their reason."""
    suppression.suppress("known@example.com", Suppression.Reason.COMPLAINT, "", NOW)
    addresses = [f"Person{number}@Example.com " for number in range(300)]
    with CaptureQueriesContext(connection) as captured:
        new = suppression.suppress_many(
            [*addresses, "KNOWN@example.com", "person0@example.com"], "hard_bounce", "550 5.1.1", NOW
        )
    assert len(captured) == 1
    assert new == {address_hash(address) for address in addresses}
    assert suppression.of_address("known@example.com").get().reason == Suppression.Reason.COMPLAINT


def test_lifting() -> None:
    """An address that is lifted is sent to again; the others are not."""
    ann, bob = make_contact(), make_contact()
    hashes = suppression.suppress_many([ann.email, bob.email], "manual", "", NOW)
    assert pipeline.lift_suppressions([address_hash(ann.email)], NOW) == 1
    assert consent.suppressed_contacts([ann.pk, bob.pk]) == {bob.pk}
    assert suppression.lift(hashes) == 1
