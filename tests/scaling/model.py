"""What the shop needs at a multiple of its load.

A request's cost is what was measured for it (docs/performance.md and docs/scaling.md). What the measurements
cannot show is an assumption below: change it and run `make scaling ARGS=model`.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from ecommerce.core.cache.entries import REFILL_S
from tests.scaling import tables
from tests.scaling.queueing import Queue, entry_lifetime, misses, zipf

# The shop at load 1, in its busiest minute
REQUESTS = 20.0  # a second, without static files
# Their kinds: 90 % browse, 8 % use the cart, 2 % buy. A purchase is four requests, the first a sign-in.
BROWSE = {
    "home page": 0.10,
    "list page": 0.30,
    "product page": 0.40,
    "API list of 20": 0.05,
    "API product": 0.05,
}
CART = {"cart page": 0.04, "API cart add": 0.04}
PURCHASE = ("sign-in", "create-order, one line", "confirm and its mail, one line")  # and the checkout
ORDERS = REQUESTS * 0.02 / 4
PAGES = 2_000  # different ones, of which the n-th most popular gets 1/n of the first's requests
TTL_S = 300.0  # CACHE_TTL_SECONDS

# Assumptions
CORES = 4  # of a web machine
BUSY = 0.7  # how busy a resource may be in the busiest minute
MONGODB_ROUND_TRIP_S = 0.0005
MONGODB_COMMIT_S = 0.003  # waits for a majority of the members
BEST_SELLER = 0.2  # of all orders contain the most popular product

# Between the change of the stock and the commit in confirm's transaction; test_queueing.py counts them.
COMMANDS_BEFORE_COMMIT = 2


@dataclass(frozen=True)
class Cost:
    """What a request takes: seconds of a processor, and commands to MongoDB and to Redis."""

    cpu_s: float = 0
    mongodb: float = 0
    redis: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cpu_s + other.cpu_s, self.mongodb + other.mongodb, self.redis + other.redis)

    def times(self, count: float) -> "Cost":
        return Cost(self.cpu_s * count, self.mongodb * count, self.redis * count)


class Measured:
    """The measured numbers of both pages."""

    def __init__(self) -> None:
        self._bench = tables.rows(tables.PERFORMANCE, "request |")
        self._sign_in = tables.rows(tables.PERFORMANCE, "| median")
        self._costs = tables.rows(tables.PAGE, "request | processor time")
        self._facts = tables.rows(tables.PAGE, "what |")

    def cost(self, kind: str) -> Cost:
        """Return the cost of a request, of a cached one where a kind can be cached."""
        if kind in self._costs:
            return _cost(*self._costs[kind][:3])
        cells = self._bench.get(kind) or self._bench[f"{kind}, no cart"]
        return _cost(cells[2], *cells[6:8])

    def missed(self, kind: str) -> Cost:
        return self.cost(f"{kind}, not cached")

    def fact(self, name: str) -> float:
        return tables.number(self._facts[name][0])

    @property
    def hash_s(self) -> float:
        return tables.number(self._sign_in["the password's hash alone"][0]) / 1000

    @property
    def redis_command_s(self) -> float:
        """Return how long Redis's thread is busy with the only command of a cached page."""
        return self.fact("Redis's thread for a page's round trip") / 1e6

    @property
    def entry_bytes(self) -> float:
        """Return the memory of a page and of the JSON that it is made from."""
        return self.fact("memory of a product page") + self.fact("memory of the JSON of a list of 24")


def _cost(cpu_ms: str, mongodb: str, redis: str) -> Cost:
    return Cost(tables.number(cpu_ms) / 1000, tables.number(mongodb), tables.number(redis))


class Load:
    """The shop at a multiple of its load; `grace_s` is how long an entry survives sales."""

    def __init__(self, measured: Measured, multiple: float, *, grace_s: float = REFILL_S) -> None:
        self.measured, self.grace_s = measured, grace_s
        self.requests, self.orders = REQUESTS * multiple, ORDERS * multiple
        self.browsing = self.requests * sum(BROWSE.values())

    @cached_property
    def page_rates(self) -> list[float]:
        return [self.browsing * share for share in zipf(PAGES)]

    @cached_property
    def miss_ratio(self) -> float:
        """Return the share of page views that find no valid entry. A sale ends the entries of all pages."""
        lifetime = entry_lifetime(self.orders, grace_s=self.grace_s, ttl_s=TTL_S)
        return misses(self.page_rates, lifetime) / self.browsing

    @cached_property
    def cost(self) -> Cost:
        """Return what all requests of a second cost."""
        return self._browsing() + self._using_carts() + self._buying()

    def _browsing(self) -> Cost:
        total = Cost()
        for kind, share in BROWSE.items():
            total += self.measured.cost(kind).times(self.requests * share * (1 - self.miss_ratio))
            total += self.measured.missed(kind).times(self.requests * share * self.miss_ratio)
        return total

    def _using_carts(self) -> Cost:
        parts = [self.measured.cost(kind).times(self.requests * share) for kind, share in CART.items()]
        return sum(parts, Cost())

    def _buying(self) -> Cost:
        checkout = self.measured.cost("cart page")  # makes the same quote
        return sum(map(self.measured.cost, PURCHASE), checkout).times(self.orders)

    @property
    def cores(self) -> float:
        """Return how many are needed, of which each is busy for BUSY of the time."""
        return self.cost.cpu_s / BUSY

    @property
    def web(self) -> Queue:
        """Return the queue for the processors of as many web machines as are needed."""
        machines = max(1, math.ceil(self.cores / CORES))
        return Queue(self.requests, self.cost.cpu_s / self.requests, machines * CORES)

    @property
    def redis(self) -> Queue:
        return Queue(self.cost.redis, self.measured.redis_command_s)

    @property
    def best_seller(self) -> Queue:
        """Return the queue for the most popular product's document, which changes for one sale at a time."""
        held = (1 + COMMANDS_BEFORE_COMMIT) * MONGODB_ROUND_TRIP_S + MONGODB_COMMIT_S
        return Queue(self.orders * BEST_SELLER, held)

    @property
    def redis_bytes(self) -> float:
        """Return the memory of the entries that were filled within their lifetime."""
        pages = sum(1 - math.exp(-rate * TTL_S) for rate in self.page_rates)
        return pages * self.measured.entry_bytes
