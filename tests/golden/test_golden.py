from __future__ import annotations

import pytest

from tests.golden.world import World, kept


@pytest.mark.django_db
def test_every_decision_is_the_one_it_was() -> None:
    """Twelve contacts, six campaigns, twenty-four days: who enters, where they go, what they get and why they do not.

    Another decision is a defect, or it is meant: then ``python -m tests.golden`` writes the file anew, and its
    difference is what the change does to people.
    """
    found, before = World().run(), kept()
    for email, decided in before.items():
        assert found[email] == decided
    assert found.keys() == before.keys()
