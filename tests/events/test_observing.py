from __future__ import annotations

import pytest

from wagtail_journeys.events.observing import example_of, kind_of


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "text"),
        ("", "text"),
        (3, "number"),
        (3.5, "number"),
        (True, "boolean"),
        (None, ""),
        ([], "list"),
        ({}, "object"),
        ("2026-05-04", "date"),
        ("2026-05-04T10:00:00Z", "date"),
        ("2026-05-04 10:00:00.123+02:00", "date"),
        ("2026-13-04", "text"),
        ("2026-05-04 and so on", "text"),
        ("20260504", "text"),
    ],
)
def test_kinds(value: object, kind: str) -> None:
    """Every JSON value is of one kind; null is of none."""
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("plan", "pro", "pro"),
        ("plan", "  Pro plan ", "Pro plan"),
        ("seats", 12, "12"),
        ("value", 49.5, "49.5"),
        ("trial", False, "false"),
        ("due", "2026-05-04", "2026-05-04"),
        ("category", "garden-furniture", "garden-furniture"),
        ("step", "checkout_shipping_method", "checkout_shipping_method"),
    ],
)
def test_examples(name: str, value: object, example: str) -> None:
    """Short plain values are shown."""
    assert example_of(name, value) == example


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("who", "mila@example.com"),
        ("note_to_self", "call"),
        ("email", "mila"),
        ("E-Mail", "mila"),
        ("phoneNumber", "1"),
        ("first_name", "Mila"),
        ("password", "x"),
        ("api_key", "x"),
        ("apiKey", "x"),
        ("accessToken", "x"),
        ("ip", "10.0.0.1"),
        ("contact", "+31 6 1234 5678"),
        ("card", "4111"),
        ("customer", 4111111111111111),
        ("id", "3f0a54c0-5d3e-4f39-9d6c-6a4a8f0d7b11"),
        ("x", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
        ("x", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("x", "https://example.com/?token=abc"),
        ("x", "a" * 61),
        ("x", "two\nlines"),
        ("x", ""),
        ("x", None),
        ("x", ["a"]),
        ("x", {"a": 1}),
    ],
)
def test_no_examples(name: str, value: object) -> None:
    """What is long, about a person, or looks like a secret is not shown."""
    assert example_of(name, value) == ""
