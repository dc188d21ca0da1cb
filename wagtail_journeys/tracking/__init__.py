"""DOOR: what visitors do on the site — the browser tracker, Wagtail's and Django's own signals, unsubscribe links."""
