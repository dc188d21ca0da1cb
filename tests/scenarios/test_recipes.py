"""What docs/recipes.md promises, with the code that stands there."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from tests.scenarios.story import Story, did, on_entering, send
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.models import Campaign

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
PRODUCT = SimpleNamespace(sku="T-1", name="Teak oil", price=Decimal("12.50"))


def recipe(name: str) -> Any:
    """The code on the page that begins with this file's name, as a module."""
    code = re.search(rf"```python\n(# {re.escape(name)}\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert code, f"{PAGE.name} has no {name}"
    found: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(code[1], f"{PAGE.name}: {name}", "exec"), found)  # noqa: S102  # our own page
    return SimpleNamespace(**found)


@pytest.fixture
def request_of(rf: RequestFactory):
    def made(path: str = "/", data: dict[str, str] | None = None):
        request = rf.post(path, data) if data else rf.get(path)
        request.COOKIES["journeys_visitor"] = "b" * 32
        request.user = AnonymousUser()
        return request

    return made


def run() -> None:
    while pipeline.drain(timezone.now()):
        pass


def test_a_shop(request_of):
    """What a visitor looked at and ordered is the customer's, and the order counts once, less what was refunded."""
    shop, request = recipe("shop/journeys.py"), request_of()
    shop.product_viewed(request, PRODUCT)
    shop.product_added(request, PRODUCT)
    run()
    assert not Contact.objects.exists()
    order = SimpleNamespace(number="A-17", email="mila@example.com", total=Decimal("120.00"))
    for _again in range(3):
        shop.order_completed(request, order)
        run()
    shop.order_refunded(order, Decimal("20.00"))
    run()
    contact = Contact.objects.get()
    assert (contact.email, contact.orders, contact.lifetime_value) == (
        "mila@example.com",
        1,
        Decimal("100.00"),
    )
    assert set(contact.events.values_list("name", flat=True)) == {
        "product_viewed", "product_added", "order_completed", "order_refunded",
    }  # fmt: skip


def test_a_shop_tells_nothing_of_who_has_not_agreed(request_of, settings):
    """Without consent, what an unknown visitor looks at is not told at all."""
    settings.JOURNEYS_CONSENT_BACKEND = "wagtail_journeys.tracking.consent.ConsentCookie"
    recipe("shop/journeys.py").product_viewed(request_of(), PRODUCT)
    run()
    assert not Event.objects.exists()


def abandoned(story: Story) -> Campaign:
    """The segment of the page's table, and its campaign."""
    rules = [
        did("product_added", period="last", amount=24, unit="hours"),
        did("product_added", did="did_not", period="last", amount=1, unit="hours"),
        did("order_completed", did="did_not", period="last", amount=24, unit="hours"),
    ]
    segment = story.segment("Abandoned cart", *rules)
    return story.campaign(
        "Your cart", on_entering(segment), send(story.template("Still thinking?")), frequency="every_time"
    )


def hours(story: Story, count: float) -> None:
    """Let time pass, in steps as the cluster would look."""
    for _step in range(round(count * 12)):
        story.after(minutes=5)


def test_an_abandoned_cart(story: Story):
    """An hour after the last addition the reminder goes out, once; who orders in time gets none."""
    campaign = abandoned(story)
    mila, noor = story.contact("mila@example.com"), story.contact("noor@example.com")
    mila.did("product_added")
    noor.did("product_added")
    hours(story, 0.75)
    mila.did("product_added")  # still at it: the hour begins anew
    noor.did("order_completed", properties={"order_id": "1", "total": 10})
    hours(story, 0.75)
    assert (mila.mails(), noor.mails()) == ([], [])
    hours(story, 0.5)
    assert (mila.mails(), noor.mails()) == (["Still thinking?"], [])
    hours(story, 3)
    assert len(mila.journeys(campaign)) == 1
    story.after(days=2)
    mila.did("product_added")
    hours(story, 1.25)
    assert mila.mails() == ["Still thinking?"] * 2
    assert noor.mails() == []


def test_a_sign_up(request_of, monkeypatch):
    """The view makes the account, tells it, and the visitor is known."""
    views = recipe("accounts/views.py")
    logged_in = []
    monkeypatch.setitem(views.sign_up.__globals__, "login", lambda request, user: logged_in.append(user))
    answers = {"username": "mila", "password1": "care-of-teak-17", "password2": "care-of-teak-17"}
    assert views.sign_up(request_of("/sign-up/", answers)).status_code == 302
    run()
    assert Contact.objects.get().external_id == f"user-{logged_in[0].pk}"
    assert Event.objects.get().name == "sign_up"


def test_a_search(request_of, monkeypatch):
    """The view tells what was looked for."""
    views = recipe("search/views.py")
    monkeypatch.setitem(views.search.__wrapped__.__globals__, "render", lambda *args: HttpResponse())
    for query in ("teak", ""):
        assert views.search(request_of(f"/search/?q={query}")).status_code == 200
    run()
    assert Event.objects.get().properties["query"] == "teak"


def test_a_form_of_the_sites_own(request_of):
    """Who sends it is a contact, with what the form says about them."""
    form = SimpleNamespace(cleaned_data={"email": "mila@example.com", "name": "Mila"})
    recipe("contact/forms.py").sent(request_of(), form)
    run()
    assert Contact.objects.get().first_name == "Mila"
    assert set(Event.objects.values_list("name", flat=True)) == {"identify", "form_submit"}
