from __future__ import annotations

import uuid

from wagtail_journeys.emails import links


def test_round_trip() -> None:
    """A token says what it is for and which message it came from, in few characters that a URL may have."""
    key = uuid.uuid4()
    token = links.make_token("unsubscribe", key)
    assert links.read_token(token) == ("unsubscribe", key)
    assert len(token) == 39
    assert token.replace("-", "").replace("_", "").isalnum()


def test_forged() -> None:
    """No changed, cut, padded or invented token is read."""
    token = links.make_token("unsubscribe", uuid.uuid4())
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert links.read_token(token[:place] + other + token[place + 1 :]) is None
    for wrong in ("", "a", token[:-1], token + "A", "é" * 39, "!" * 39, str(uuid.uuid4()), token + "\n"):
        assert links.read_token(wrong) is None


def test_keys_rotate(settings) -> None:
    """A token signed with a key that only verifies now is still read; one signed with a key that is gone is not."""
    key = uuid.uuid4()
    settings.JOURNEYS_TRACKING_KEYS = ["old"]
    token = links.make_token("unsubscribe", key)
    settings.JOURNEYS_TRACKING_KEYS = ["new", "old"]
    assert links.read_token(token) == ("unsubscribe", key)
    assert links.make_token("unsubscribe", key) != token
    settings.JOURNEYS_TRACKING_KEYS = ["new"]
    assert links.read_token(token) is None


def test_secret_key_fallbacks(settings) -> None:
    """Without keys of its own, links follow SECRET_KEY and its fallbacks."""
    key = uuid.uuid4()
    settings.JOURNEYS_TRACKING_KEYS = []
    token = links.make_token("unsubscribe", key)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert links.read_token(token) == ("unsubscribe", key)


def test_url() -> None:
    """The link is absolute and leads to our own view."""
    url = links.unsubscribe_url(uuid.uuid4(), "https://site.example")
    assert url.startswith("https://site.example/")
    assert "/unsubscribe/" in url


def test_counted_links(settings) -> None:
    """Tokens of counted links take 42 characters, name message and link, and are good for nothing else."""
    key = uuid.uuid4()
    url = links.HitUrls("click")(key, "https://site.example/", 515)
    token = url.rpartition("/")[2]
    assert len(token) == 42
    assert url.startswith("https://site.example/")
    assert links.read_hit_token(token) == ("click", key, 515)
    assert links.read_token(token) is None
    assert links.read_hit_token(links.make_token("unsubscribe", key)) is None
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert links.read_hit_token(token[:place] + other + token[place + 1 :]) is None
    settings.JOURNEYS_TRACKING_KEYS = ["new", settings.SECRET_KEY]
    assert links.read_hit_token(token) == ("click", key, 515)
    settings.JOURNEYS_TRACKING_KEYS = ["new"]
    assert links.read_hit_token(token) is None
    settings.JOURNEYS_TRACKING_BASE_URL = "https://go.site.example/"
    assert links.HitUrls("open")(key, "https://site.example").startswith("https://go.site.example/")
