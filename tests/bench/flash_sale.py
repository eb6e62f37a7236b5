"""How reads slow down beside the sales of a flash sale, and how often these let an entry be filled again."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from threading import Thread
from typing import Any

from redis import Redis

from tests.bench.counts import address
from tests.bench.load import Measured, Request, load
from tests.bench.throughput import GZIP, ROUNDS, SECONDS
from tests.runshop.shop import ROOT, Shop, environment

READS = {
    "API list of 20": Request("/api/v1/products?limit=20", GZIP),
    "list page": Request("/products/", GZIP),
}
SERVE = "from tests.bench.sales import serve; serve()"
EVENTS, CHANNELS = "K$", "__keyspace@*__:ecommerce:products:*"  # each SET of a key
NO_ENTRIES = (b":generation", b":stock", b":filling")
RATE = 50  # sales a second, if the machine can
LEAD_S = 0.5  # the sales begin so long before the load and end so long after it
SALE_S = SECONDS + 2 * LEAD_S
Round = tuple[
    Measured, Measured, int, int
]  # idle, during sales, the sales, the fills of the most filled entry


def report(shop: Shop) -> str:
    """Return a table with a row for each kind of read."""
    lines = [
        "| beside sales | p50 idle | p50 | ratio | sales a second | fills of an entry a second |",
        "| --- " * 6 + "|",
    ]
    redis = Redis.from_url(address(shop.data_dir, "valkey"))
    with Seller(shop) as seller:
        for name, request in READS.items():
            load(shop.port, shop.process.pid, request, seconds=1)
            lines.append(_row(name, [_round(shop, request, seller, redis) for _ in range(ROUNDS)]))
    return "\n".join(lines)


class Seller:
    """The process that sells."""

    def __init__(self, shop: Shop) -> None:
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", SERVE]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(shop.data_dir), text=True, **pipes
        )
        if not any(line == "ready\n" for line in self._process.stdout):
            sys.exit("The process that sells did not start.")

    def __enter__(self) -> "Seller":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, upon which it ends

    def begin(self, rate: int, seconds: float) -> None:
        self._process.stdin.write(f"{rate} {seconds}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for the end, and return the number of sales."""
        return int(self._process.stdout.readline())


def _round(shop: Shop, request: Request, seller: Seller, redis: Redis) -> Round:
    idle = load(shop.port, shop.process.pid, request, seconds=SECONDS)
    with counting_fills(redis) as fills:
        seller.begin(RATE, SALE_S)
        time.sleep(LEAD_S)
        during = load(shop.port, shop.process.pid, request, seconds=SECONDS)
        sales = seller.end()
    return idle, during, sales, max(fills.values(), default=0)


@contextmanager
def counting_fills(redis: Redis) -> Iterator[Counter[bytes]]:
    """Yield the number of times that each entry was stored, complete after the block."""
    fills: Counter[bytes] = Counter()
    redis.config_set("notify-keyspace-events", EVENTS)
    with redis.pubsub() as events:
        events.psubscribe(CHANNELS)
        thread = Thread(target=_count, args=[events, fills])
        thread.start()
        try:
            yield fills
        finally:
            events.punsubscribe()
            thread.join()
            redis.config_set("notify-keyspace-events", "")


def _count(events: Any, fills: Counter[bytes]) -> None:
    for event in events.listen():  # ends with the subscription
        if event["type"] == "pmessage" and not event["channel"].endswith(NO_ENTRIES):
            fills[event["channel"]] += 1


def _row(name: str, rounds: list[Round]) -> str:
    cells = [
        name,
        f"{median(idle.p50_ms for idle, *_ in rounds):.1f} ms",
        f"{median(during.p50_ms for _, during, *_ in rounds):.1f} ms",
        f"{median(during.p50_ms / idle.p50_ms for idle, during, *_ in rounds):.2f}",
        f"{median(sales for *_, sales, _ in rounds) / SALE_S:.0f}",
        f"{max(fills for *_, fills in rounds) / SECONDS:.1f}",
    ]
    return f"| {' | '.join(cells)} |"
