"""What the model needs beyond docs/performance.md, measured on a running shop.

The embedded MongoDB stands in for a real one: its commands are counted, and its processor time is part of the
shop's.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import accumulate
from typing import Any
from uuid import uuid4

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from redis import Redis

from ecommerce.core.cache.entries import REFILL_S
from ecommerce.core.web.ratelimit import _COUNT_AND_READ
from tests.bench.counts import Counters, address
from tests.bench.load import cpu_seconds
from tests.bench.visitors import PASSWORD
from tests.runshop.shop import Shop, python
from tests.scaling.queueing import entry_lifetime, misses
from tests.scaling.tables import table

MISSES, SIGN_INS, ORDERS, CUSTOMERS_AT_ONCE, ROUND_TRIPS, ROUNDS = 100, 12, 80, 8, 2_000, 5
SLUG = "gaming-laptop-pro"
PAGES = {
    "home page, not cached": "/",
    "list page, not cached": "/products/",
    "product page, not cached": f"/products/{SLUG}/",
    "API list of 20, not cached": "/api/v1/products?limit=20",
    "API product, not cached": f"/api/v1/products/{SLUG}",
}
GENERATION, STOCK = "ecommerce:products:generation", "ecommerce:products:stock"
SLUGS = (
    SLUG,
    "wireless-noise-cancelling-headphones",
    "4k-ultra-hd-smart-tv-55",
    "mechanical-gaming-keyboard-rgb",
)
PRODUCT_READS, SALES, READING_S = 20, 1.0, 20
SETS_OF_A_MISS = 4  # the lock and the entry, of the answer and of the JSON in it
ADD_STOCK = """
from catalog import stock
from catalog.models import Product
from ecommerce.core.db import run_tx
for pk in Product.objects.values_list("pk", flat=True):
    run_tx(lambda: stock.adjust(pk, change=1000))
"""


def report(shop: Shop) -> str:
    redis = Redis.from_url(address(shop.data_dir, "valkey"))
    costs = Costs(shop)
    lines = [costs.row(name, _misses(shop, redis, path)) for name, path in PAGES.items()]
    assert python(shop.data_dir, ADD_STOCK).returncode == 0
    lines.append(_sign_in(shop, costs))
    before = _stored(shop)
    lines += _orders(shop, costs)
    facts = [
        _left_by_an_order(before, _stored(shop)),
        *_hot_product(shop),
        _misses_during_sales(shop, redis),
        *_round_trips(redis),
        *_sizes(redis),
    ]
    header = ["request", "processor time", "MongoDB", "Redis", "a second, one by one"]
    return "\n\n".join([table(header, lines), table(["what", "measured"], facts)])


class Costs:
    """What calls cost the shop's processes and its two servers."""

    def __init__(self, shop: Shop) -> None:
        self._pid, self._counters = shop.process.pid, Counters(shop.data_dir)

    def row(self, name: str, calls: Sequence[Callable[[], object]]) -> list[str]:
        """Make the calls one after the other, and return the row that says what each cost."""
        calls[0]()
        rest = iter(calls[1:])
        count = len(calls) - 1

        def send_next() -> None:
            next(rest)()

        cpu, started = cpu_seconds(self._pid), time.perf_counter()
        mongo, redis = self._counters.per_request(send_next, requests=count)
        seconds, cpu = time.perf_counter() - started, cpu_seconds(self._pid) - cpu
        return [
            name,
            f"{cpu / count * 1000:.1f} ms",
            f"{mongo:.1f}",
            f"{redis:.1f}",
            f"{count / seconds:.0f}",
        ]


def _misses(shop: Shop, redis: "Redis", path: str) -> list[Callable[[], object]]:
    def miss() -> None:
        redis.set(GENERATION, uuid4().hex)
        _send(shop, "GET", path)

    return [miss] * MISSES


def _send(shop: Shop, method: str, path: str, body: Any = None, **headers: str) -> Any:
    connection = HTTPConnection("127.0.0.1", shop.port, timeout=60)
    sent = {"Content-Type": "application/json", "Accept-Encoding": "gzip"} | headers
    connection.request(method, path, json.dumps(body) if body is not None else None, sent)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status in (200, 201), (path, response.status, content)
    return json.loads(content) if method == "POST" else None


class GuestOrder:
    """One guest's order of one product, step by step."""

    def __init__(self, shop: Shop, product: int) -> None:
        self._shop = shop
        self._cart = {"X-Cart-Token": _send(shop, "POST", "/api/v1/cart/guest", {})["cart_token"]}
        _send(shop, "POST", "/api/v1/cart/add", {"product_id": product, "qty": 1}, **self._cart)

    def place(self) -> None:
        body = {"email": "guest@example.com"}
        placed = _send(self._shop, "POST", "/api/v1/checkout/create-order", body, **self._cart)
        self._id, self._token = placed["order_id"], {"X-Order-Token": placed["order_token"]}

    def confirm(self) -> None:
        path = f"/api/v1/payments/confirm?order_id={self._id}&outcome=success"
        assert _send(self._shop, "POST", path, **self._token)["status"] == "paid"


def _orders(shop: Shop, costs: Costs) -> list[list[str]]:
    orders = [GuestOrder(shop, 1 + number % 20) for number in range(ORDERS)]
    return [
        costs.row("create-order, one line", [order.place for order in orders]),
        costs.row("confirm and its mail, one line", [order.confirm for order in orders]),
    ]


def _sign_in(shop: Shop, costs: Costs) -> list[str]:
    account = {"email": "signs-in@example.com", "password": PASSWORD}
    _send(shop, "POST", "/api/v1/auth/signup", account)
    return costs.row("sign-in", [lambda: _send(shop, "POST", "/api/v1/auth/login", account)] * SIGN_INS)


def _stored(shop: Shop) -> tuple[int, int]:
    """Return the number of documents in MongoDB and their bytes."""
    with MongoClient(address(shop.data_dir, "mongodb"), document_class=RawBSONDocument) as client:
        database = client.get_default_database("ecommerce")
        rows = [row for name in database.list_collection_names() for row in database[name].find()]
        return len(rows), sum(len(row.raw) for row in rows)


def _left_by_an_order(before: tuple[int, int], after: tuple[int, int]) -> list[str]:
    documents, size = ((late - early) / ORDERS for early, late in zip(before, after, strict=True))
    return ["what a guest's paid order leaves in MongoDB", f"{size:,.0f} bytes in {documents:.0f} documents"]


def _hot_product(shop: Shop) -> list[list[str]]:
    alone = _sales_a_second(shop, [1] * ORDERS)
    apart = _sales_a_second(shop, [1 + number % 20 for number in range(ORDERS)])
    at_once = f"{CUSTOMERS_AT_ONCE} customers at once"
    return [
        [f"sales of one product, {at_once}", f"{alone:.0f} a second"],
        [f"sales of 20 products, {at_once}", f"{apart:.0f} a second"],
    ]


def _sales_a_second(shop: Shop, products: Sequence[int]) -> float:
    orders = [GuestOrder(shop, product) for product in products]
    for order in orders:
        order.place()
    started = time.perf_counter()
    with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
        list(customers.map(GuestOrder.confirm, orders))
    return len(orders) / (time.perf_counter() - started)


def _misses_during_sales(shop: Shop, redis: "Redis") -> list[str]:
    """Read products at random times, while sales at random times change the stamp of the stock."""
    chance = random.Random(1)
    reads = _times(chance, PRODUCT_READS, READING_S)
    sales = _times(chance, SALES, READING_S)
    before, start = _sets(redis), time.monotonic()
    for moment, is_sale in sorted([(t, False) for t in reads] + [(t, True) for t in sales]):
        time.sleep(max(0, start + moment - time.monotonic()))
        if is_sale:
            redis.set(STOCK, uuid4().hex)
        else:
            _send(shop, "GET", f"/api/v1/products/{chance.choice(SLUGS)}")
    missed = (_sets(redis) - before - len(sales)) / SETS_OF_A_MISS / len(reads)
    lifetime = entry_lifetime(SALES, grace_s=REFILL_S, ttl_s=300)
    expected = misses([PRODUCT_READS / len(SLUGS)] * len(SLUGS), lifetime) / PRODUCT_READS
    what = f"misses, {len(SLUGS)} products read {PRODUCT_READS} times a second, {SALES:g} sale a second"
    return [what, f"{missed:.0%}; by the model's formula {expected:.0%}"]


def _times(chance: random.Random, rate: float, seconds: float) -> list[float]:
    """Return the moments of random arrivals."""
    moments = list(accumulate(chance.expovariate(rate) for _ in range(int(rate * seconds))))
    return [moment for moment in moments if moment < seconds]


def _sets(redis: "Redis") -> int:
    commands: Any = redis.info("commandstats")
    return int(commands["cmdstat_set"]["calls"])


def _round_trips(redis: "Redis") -> list[list[str]]:
    page, answer = _entry(redis, f"page:/products/{SLUG}/*"), _entry(redis, f"slug:{SLUG}:answer:*")
    script = redis.register_script(_COUNT_AND_READ._source)
    counted = ["ecommerce:ratelimit:products:ip:measured", *_keys(answer)]
    return [
        ["Redis's thread for a page's round trip", _thread_time(redis, lambda: redis.mget(_keys(page)))],
        ["Redis's thread for an API read's", _thread_time(redis, lambda: script(counted, [10**9, 60]))],
    ]


def _entry(redis: "Redis", pattern: str) -> str:
    found: Any = redis.keys(f"ecommerce:products:{pattern}")
    return str(found[0].decode())


def _keys(entry: str) -> list[str]:
    """Return the keys that the read of an entry asks for, in their order (`ecommerce.core.cache.entries`)."""
    stamps = [GENERATION, STOCK, f"{entry}:stamp"]
    return [*stamps, entry, f"{entry}:filling"]


def _thread_time(redis: "Redis", call: Callable[[], object]) -> str:
    """Return how long Redis's only thread is busy with one call, in the best of several rounds."""
    return f"{min(_busy_with(redis, call) for _ in range(ROUNDS)) * 1e6:.0f} µs"


def _busy_with(redis: "Redis", call: Callable[[], object]) -> float:
    before = _busy_s(redis)
    for _ in range(ROUND_TRIPS):
        call()
    return (_busy_s(redis) - before) / ROUND_TRIPS


def _busy_s(redis: "Redis") -> float:
    used: Any = redis.info("cpu")
    return float(used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"])


def _sizes(redis: "Redis") -> list[list[str]]:
    entries = {
        "a list page": "page:/products/\\?*",
        "a product page": f"page:/products/{SLUG}/*",
        "the JSON of a list of 24": "list:*limit=24",
        "an API product": f"slug:{SLUG}:answer:*",
    }
    return [[f"memory of {name}", _size(redis, pattern)] for name, pattern in entries.items()]


def _size(redis: "Redis", pattern: str) -> str:
    size: Any = redis.memory_usage(_entry(redis, pattern))
    return f"{size:,} bytes"
