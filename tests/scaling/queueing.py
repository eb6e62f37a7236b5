"""Waiting times of queues with random arrivals, from textbook formulas. All rates are per second."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Queue:
    """An M/M/c queue: `servers` equal servers, each of which is busy for `service_s` with a request."""

    arrivals: float
    service_s: float
    servers: int = 1

    @property
    def utilisation(self) -> float:
        return self.arrivals * self.service_s / self.servers

    @property
    def waiting_probability(self) -> float:
        """Return the probability that a request has to wait (Erlang's C formula); 1 for an overloaded queue.

        From his B formula, whose recursion stays small where factorials would overflow.
        """
        offered = self.arrivals * self.service_s
        if offered >= self.servers:
            return 1.0
        blocking = 1.0
        for servers in range(1, self.servers + 1):
            blocking = offered * blocking / (servers + offered * blocking)
        return blocking / (1 - self.utilisation * (1 - blocking))

    @property
    def waiting_s(self) -> float:
        """Return the mean time before the service begins, for an overloaded queue infinity."""
        if self.utilisation >= 1:
            return math.inf
        return self.waiting_probability * self.service_s / (self.servers * (1 - self.utilisation))


def zipf(pages: int) -> list[float]:
    """Return each page's share of the requests, when the n-th most popular one gets 1/n of the first's."""
    total = sum(1 / rank for rank in range(1, pages + 1))
    return [1 / (rank * total) for rank in range(1, pages + 1)]


def misses(rates: list[float], lifetime_s: float) -> float:
    """Return how many requests a second find no valid entry, for pages that are requested at these rates.

    An entry lives from its fill for `lifetime_s`, and the next request after that fills it again.
    """
    return sum(1 / (lifetime_s + 1 / rate) for rate in rates if rate)


def entry_lifetime(changes: float, *, grace_s: float, ttl_s: float) -> float:
    """Return how long an entry lives on average when each of so many changes a second ends it.

    It survives the changes of its first `grace_s`, and never lives longer than `ttl_s`.
    """
    if not changes:
        return ttl_s
    return grace_s + (math.exp(-changes * grace_s) - math.exp(-changes * ttl_s)) / changes
