"""The settings of the package, with their defaults. A site sets ``JOURNEYS_<NAME>`` in its Django settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # Path of an event
    "PARTITIONS": 16,  # inbox partitions; more of them than workers that drain
    "DRAIN_BATCH": 2000,  # inbox items per transaction
    "ADVANCE_BATCH": 1000,  # journeys per transaction
    "ENROL_BATCH": 1000,  # contacts added to a campaign, or dates that start one, per transaction
    "DATE_GRACE": 24,  # hours after which a date that was missed starts nothing any more
    "MAX_ATTEMPTS": 5,  # tries of one step for one journey before it fails
    "TICK_INTERVAL": 1.0,  # seconds between two looks at the queues
    "PULSE_SECONDS": 5.0,  # how long one alarm-clock task keeps looking before it makes room
    "SWEEP_INTERVAL": 30,  # seconds between two sweeps of segments that the clock alone can change
    # Health
    "HEALTH_TOKEN": "",  # what a monitor shows at the health address; empty: only colleagues who are logged in see it
    "HEALTH_HEARTBEAT": 180,  # seconds without a look at the queues after which the cluster counts as away
    "HEALTH_LATE": 300,  # seconds by which work may be late
    "HEALTH_INBOX": 50_000,  # waiting events above which the cluster counts as too slow
    "HEALTH_DEAD_LETTERS": 0,  # rejected events above which somebody should look
    "HEALTH_FAILED_SHARE": 0.05,  # share of failed messages above which somebody should look
    "HEALTH_WINDOW": 24,  # hours for which failed and uncertain messages and calls are reported
    # Doors
    "TRACKING": True,  # "cookieless": no ids in browsers; False: the browser tracker writes nothing
    "HONOUR_DNT": True,  # Do Not Track counts as an objection, as Global Privacy Control always does
    "BOTS": "mark",  # "count": crawlers and prefetches are treated like people
    "CONSENT_BACKEND": "",  # dotted path of a class that knows whether a visitor agreed; empty: nobody is asked
    "CONSENT_COOKIE": "journeys_consent",  # for the backend ConsentCookie
    "CONSENT_GROUP": "",  # for the backend DjangoCookieConsent: the varname of its cookie group
    "UNDECLARED_EVENTS": "known",  # which events may start campaigns: "known", "all" or "declared"
    "HASH_KEY": "",  # a site's own salt for hashed addresses; never change it once set
    "VISITOR_COOKIE": "journeys_visitor",  # first-party cookie with the visitor's anonymous id
    "VISITOR_COOKIE_AGE": 60 * 60 * 24 * 390,  # seconds
    "EMAIL_VERIFIED": "wagtail_journeys.events.accounts.verified_by_site",  # is a user's address proven to be theirs?
    "IDENTITY_KEYS": [],  # first one signs identity tokens, all of them verify; empty: SECRET_KEY and its fallbacks
    "IDENTITY_TOKEN_AGE": 60 * 60,  # seconds for which an identity token is good
    "INBOX_LIMIT": 200_000,  # waiting events above which the HTTP API asks its senders to come back later
    "ADDRESS_LIMIT": 600,  # events a minute from one client address with public keys; 0: any number
    "PUBLIC_KEY_LIMIT": 60_000,  # events a minute with one public key; 0: any number
    "SERVER_KEY_LIMIT": 0,  # the same for a server key
    "CLIENT_ADDRESS": "REMOTE_ADDR",  # where in request.META the client's address stands
    "LIMIT_CACHE": "",  # alias of a cache in which all processes count together; empty: each one for itself
    # Email
    "MESSAGE_BATCH": 250,  # messages claimed at once
    "MESSAGE_LEASE": 120,  # seconds after which a claim falls back into the queue
    "HANDOVER_LIMIT": 180,  # seconds after which a marked, unsettled message is shown as unknown
    "CONNECTION_MESSAGES": 100,  # messages per kept connection
    "MAX_DELIVERY_AGE": 72,  # hours a deferred message is tried again before it fails
    "TRACKING_KEYS": [],  # first one signs links, all of them verify; empty: SECRET_KEY and its fallbacks
    "TRACKING_BASE_URL": "",  # origin of counted links and pixels; empty: the same as of other links in the email
    "UNTRACKED_LINKS": [],  # what counted links may not begin with, for example "https://bank.example/"
    "UTM": {  # added to links to the site itself; empty: nothing is
        "utm_source": "{site}",
        "utm_medium": "email",
        "utm_campaign": "{campaign}",
        "utm_content": "{template}",
    },
    "UTM_DOMAINS": [],  # other hosts that get them, too: "shop.example", ".example" with all below it, "*"
    "HIT_SOON": 10,  # seconds after the hand-over within which an open or a click is a program's
    "HIT_GRACE": 120,  # seconds until an open or a click is judged and may move a journey
    "HIT_DETAILS": 30,  # days for which network and program of an open or a click are kept
    "HIT_LIMIT": 200,  # opens and clicks of one message that are kept
    "BASE_URL": "",  # origin of links in emails; empty: the root URL of the site the contact came from
    "FALLBACK_LOCALES": [],  # order in which translations are tried after the contact's own
    "SENDERS": [],  # what else steps may send from, besides addresses of the site's own domain: "a@b.c" or "@b.c"
    "UNSUBSCRIBE_MAILTO": "",  # an address that unsubscribes whoever writes to it, beside the link; the site reads it
    "RATE_LIMITS": {},  # "all", a group of mailbox providers or "@domain" → at most so many messages ("50/s", "600/m")
    "WARM_UP": {},  # {"from": "2026-03-01", "messages": [50, 100, …]}: messages a day while a sender becomes known
    "EMAIL_BREAKER_FAILURES": 3,  # vain tries in a row to reach the mail server after which the queue is paused
    "EMAIL_BREAKER_REST": 60,  # seconds until one message tries it; twice as long each time, at most 15 minutes
    "REPORT_BATCH": 500,  # reports of providers looked at in one transaction
    "SOFT_BOUNCES": (3, 30),  # so many soft bounces in so many days suppress an address; (0, 0): never
    "MESSAGE_BODIES_DAYS": 90,  # days after which the content of a message is thrown away; 0: never
    # Sign-ups
    "SIGN_UP_DAYS": 7,  # days for which the link that confirms a sign-up is good
    "SIGN_UP_KEEP": 30,  # days after which a sign-up is deleted, confirmed or not
    "SIGN_UP_ADDRESS_LIMIT": 3,  # questions to one address in 24 hours
    "SIGN_UP_NETWORK_LIMIT": 30,  # sign-ups from one network in an hour; 0: any number
    # HTTP calls
    "SECRETS": {},  # name → value (or a callable that returns it) of what steps call {{ secret.name }}
    "CALLS_ALLOWED_HOSTS": [],  # "host" or "host:port" that may be internal, and spoken to without TLS
    "CALLS_PORTS": [443],  # ports that calls to other hosts may use
    "CALLS_AT_ONCE": 16,  # calls under way at once
    "CALLS_TIMEOUT": 15,  # seconds for a call, everything included
    "CALLS_LEASE": 60,  # seconds after which a call that never ended is given up (more than the timeout)
    "CALLS_MAX_AGE": 24,  # hours a call is tried again, held back or kept waiting for a host
    "CALLS_MAX_RESPONSE": 65_536,  # bytes of an answer that are read
    "CALLS_BREAKER_FAILURES": 5,  # failures in a row after which a host is left alone
    "CALLS_BREAKER_REST": 60,  # seconds until it is tried with a single call; twice as long each time, at most 15 minutes
}


class Conf:
    """Attribute access: ``conf.PARTITIONS`` is ``settings.JOURNEYS_PARTITIONS`` or the default."""

    def __getattr__(self, name: str) -> Any:
        try:
            default = DEFAULTS[name]
        except KeyError:
            raise AttributeError(f"wagtail_journeys has no setting {name!r}") from None
        return getattr(settings, f"JOURNEYS_{name}", default)


conf = Conf()
