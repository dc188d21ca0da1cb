"""Who sends too much. One number for each key and each client address, in the memory of this process; no statement.

A sender may save up one minute's worth of its limit and spend it at once. A request is let in while its sender has
something left, and then pays for all its events: a batch larger than what is left is taken whole, and the sender waits
longer for it. What is refused costs nothing.

Written here rather than taken from a library: what there is asks a cache for every request, or counts in fixed windows.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import math
import time
from collections.abc import Callable

from django.core.cache import caches
from django.http import HttpRequest

from wagtail_journeys.conf import conf
from wagtail_journeys.ingest import problems
from wagtail_journeys.ingest.keys import Key

logger = logging.getLogger(__name__)

MINUTE = 60.0
MOST = 50_000  # senders remembered; a flood from more addresses makes the oldest forgotten
WARN_EVERY = 60.0  # seconds between two lines in the log

#: By how much two clocks of web servers may differ before they count in different minutes of the shared cache.
SHARED_FOR = 2 * MINUTE


class Meter:
    """When each sender will have paid for what it has sent, by a clock that only goes forward (seconds)."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self.clock, self.wall = clock, wall
        self.paid_at: dict[str, float] = {}
        self.warned_at = -math.inf

    def wait(self, sender: str) -> float:
        """Seconds until the sender may send again; 0.0: now."""
        paid_at = self.paid_at.get(sender)
        left = MINUTE if paid_at is None else self.clock() + MINUTE - paid_at
        return 0.0 if left > 0 else max(-left, 0.001)

    def pay(self, sender: str, events: int, limit: float) -> None:
        """Note that a sender with ``limit`` events a minute has sent so many."""
        now = self.clock()
        paid_at = self.paid_at.get(sender, now)
        if sender not in self.paid_at and len(self.paid_at) >= MOST:
            self._forget(now)
        self.paid_at[sender] = max(paid_at, now) + events * MINUTE / limit
        if conf.LIMIT_CACHE:
            self._share(sender, events, limit, now)

    def _share(self, sender: str, events: int, limit: float, now: float) -> None:
        """Count with the other processes, in whole minutes; over the limit, the sender waits for the next one."""
        wall = self.wall()
        name = f"wagtail_journeys.limit.{sender}.{int(wall // MINUTE)}"
        try:
            cache = caches[conf.LIMIT_CACHE]
            cache.add(name, 0, SHARED_FOR)
            total = cache.incr(name, events)
        except Exception:
            logger.warning("The cache for limits does not answer.", exc_info=True)
            return
        if total >= limit:
            rest = MINUTE - wall % MINUTE
            self.paid_at[sender] = max(self.paid_at[sender], now + MINUTE + rest)

    def _forget(self, now: float) -> None:
        """Who has paid is as good as new; if that is nobody, the older half goes."""
        owing = [(sender, at) for sender, at in self.paid_at.items() if at > now]
        self.paid_at = dict(owing[len(owing) // 2 :] if len(owing) >= MOST // 2 else owing)

    def warn(self, sender: str) -> None:
        now = self.clock()
        if now - self.warned_at >= WARN_EVERY:
            self.warned_at = now
            logger.warning(
                "%s sends more events than its limit allows and is asked to wait. Is that the address of your own "
                "proxy, set JOURNEYS_CLIENT_ADDRESS.",
                sender,
            )


meter = Meter()


def check_address(request: HttpRequest) -> str:
    """The sender that a request from this address is counted for; empty: nobody's. Raises Problem 429."""
    if not conf.ADDRESS_LIMIT:
        return ""
    found = network(request.META.get(conf.CLIENT_ADDRESS, ""))
    sender = f"address.{found}" if found else ""
    _check(sender)
    return sender


def check_key(key: Key) -> str:
    """The sender that a key's events are counted for; empty: it has no limit. Raises Problem 429."""
    sender = key.source if limit_of(key) else ""
    _check(sender)
    return sender


def limit_of(key: Key) -> float:
    return float(conf.SERVER_KEY_LIMIT if key.server else conf.PUBLIC_KEY_LIMIT)


def pay(key: Key, address: str, events: int) -> None:
    """For a request that was let in and kept. A server's address has no limit: it has its key's."""
    limit = limit_of(key)
    if limit:
        meter.pay(key.source, events, limit)
    if address and not key.server:
        meter.pay(address, events, conf.ADDRESS_LIMIT)


def _check(sender: str) -> None:
    wait = meter.wait(sender) if sender else 0.0
    if wait > 0:
        meter.warn(sender)
        raise problems.too_many(math.ceil(wait))


@functools.lru_cache(maxsize=4096)
def network(value: str) -> str:
    """The address that is counted: the last one of a list, an IPv6 address as its /64; empty where it is no public one.

    A private address is a proxy's or a colleague's: all visitors seem to come from the first.
    """
    try:
        found = ipaddress.ip_address(value.rpartition(",")[2].strip())
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 64), strict=False)) if found.is_global else ""
        found = found.ipv4_mapped
    return str(found) if found.is_global else ""
