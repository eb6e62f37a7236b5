"""How many requests a second the shop answers, and what each costs, as ratios to a bare WSGI function.

The bare function runs by the shop's own gunicorn and is measured anew around each measurement, since the
speed of a machine changes from minute to minute.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from urllib.error import URLError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

from redis import Redis

from ecommerce.devserver.file_lock import wait_until
from tests.bench.bare import BODY, KEY
from tests.bench.counts import Counters, address
from tests.bench.load import Measured, Post, Request, load
from tests.bench.visitors import PASSWORD, ApiClient, Visitor
from tests.runshop.shop import ROOT, Shop, free_port

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS, BARE_SECONDS = 2, 1
GZIP = {"Accept-Encoding": "gzip"}
SLUG = "gaming-laptop-pro"
PRODUCTS_IN_CART = (1, 2, 3)
CARTS = 8
EMAIL = "bench@example.com"


def report(shop: Shop) -> str:
    """Return a table with a row for each kind of request."""
    counters = Counters(shop.data_dir)
    lines = [
        "| request | a second | of bare | processor time | times bare | p50 | p99 | MongoDB | Redis |",
        "| --- " * 9 + "|",
    ]
    redis_url = address(shop.data_dir, "valkey")
    Redis.from_url(redis_url).set(KEY, BODY)
    with server("application", redis_url) as bare_server, server("smallest_hit", redis_url) as hit_server:
        bare = lambda: load(*bare_server, Request("/"), seconds=BARE_SECONDS)  # noqa: E731
        smallest_hit = _rounds(*hit_server, Request("/"), bare)
        lines.append(_row("the smallest possible hit", smallest_hit, (0, 1)))
        for name, request in _requests(shop.port).items():
            rounds = _rounds(shop.port, shop.process.pid, request, bare)
            lines.append(_row(name, rounds, _counts(shop.port, counters, request)))
    return "\n".join(lines)


@contextmanager
def server(name: str, redis_url: str) -> Iterator[tuple[int, int]]:
    """Serve a function of bare.py by the shop's own gunicorn; yield its port and its process."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", f"tests.bench.bare:{name}"]
    env = os.environ | {"PORT": str(port), "BENCH_REDIS": redis_url}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    try:
        if not wait_until(lambda: _answers(port), 30):
            sys.exit("gunicorn did not start.")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _rounds(
    port: int, pid: int, request: Request, bare: Callable[[], Measured]
) -> list[tuple[Measured, Measured]]:
    """Return what was measured for the request and for the bare function right after it, once a round."""
    load(port, pid, request, seconds=1)
    return [(load(port, pid, request, seconds=SECONDS), bare()) for _ in range(ROUNDS)]


def _counts(port: int, counters: Counters, request: Request) -> tuple[float, float]:
    first = request.posts[0] if request.posts else Post(request.headers, "")
    body = first.body.encode() or None

    def send() -> None:
        urlopen(UrlRequest(f"http://127.0.0.1:{port}{request.path}", body, first.headers)).read()

    return counters.per_request(send)


def _row(name: str, rounds: list[tuple[Measured, Measured]], counts: tuple[float, float]) -> str:
    rate = median(row.per_second / bare.per_second for row, bare in rounds)
    cost = median(row.cpu_ms / bare.cpu_ms for row, bare in rounds)
    row = sorted((row for row, _ in rounds), key=lambda row: row.per_second)[len(rounds) // 2]
    cells = [
        name,
        f"{row.per_second:,.0f}",
        f"{rate:.0%}" if rate >= 0.1 else f"{rate:.1%}",
        f"{row.cpu_ms:.2f} ms",
        f"{cost:.1f}",
        f"{row.p50_ms:.1f} ms",
        f"{row.p99_ms:.1f} ms",
        *(f"{count:.1f}".removesuffix(".0") for count in counts),
    ]
    return f"| {' | '.join(cells)} |"


def _requests(port: int) -> dict[str, Request]:
    return _api_requests(port) | _page_requests(port)


def _api_requests(port: int) -> dict[str, Request]:
    client = ApiClient(port, EMAIL)
    for product_id in PRODUCTS_IN_CART:
        client.post("/cart/add", {"product_id": product_id, "qty": 1})
    signed_in = client.headers | GZIP
    api = "/api/v1"
    return {
        "API list of 20": Request(f"{api}/products?limit=20", GZIP),
        "API product": Request(f"{api}/products/{SLUG}", GZIP),
        "API search": Request(f"{api}/products?q=lap", GZIP),
        "API list, signed in": Request(f"{api}/products?limit=20", signed_in),
        "API cart of 3 lines": Request(f"{api}/cart", signed_in),
        "API cart add": Request(f"{api}/cart/add", posts=_adds(port)),
        "API me": Request(f"{api}/auth/me", signed_in),
    }


def _adds(port: int) -> list[Post]:
    """Return posts that add products to several carts in turn: a line holds 99 at most."""
    clients = [ApiClient(port, f"adds{number}@example.com") for number in range(CARTS)]
    bodies = [json.dumps({"product_id": product_id, "qty": 1}) for product_id in PRODUCTS_IN_CART]
    return [Post(client.headers | GZIP, body) for body in bodies for client in clients]


def _page_requests(port: int) -> dict[str, Request]:
    guest, customer = Visitor(port), Visitor(port)
    for product_id in PRODUCTS_IN_CART:
        guest.send_form(f"/products/{SLUG}/", f"/cart/add/{product_id}/", qty="1")
    customer.send_form("/account/login/", "/account/login/", email=EMAIL, password=PASSWORD)
    guest.get("/cart/")  # shows the messages of the forms, which are shown once
    customer.get("/")
    callers = {
        "no cart": GZIP,
        "with a cart": GZIP | {"Cookie": guest.cookie_header},
        "signed in": GZIP | {"Cookie": customer.cookie_header},
    }
    paths = {"home": "/", "list": "/products/", "product": f"/products/{SLUG}/"}
    requests = {
        f"{page} page, {caller}": Request(path, headers)
        for page, path in paths.items()
        for caller, headers in callers.items()
    }
    requests["cart page"] = Request("/cart/", callers["with a cart"])
    requests["static file"] = Request("/static/img/favicon.svg", GZIP)
    return requests


def _answers(port: int) -> bool:
    try:
        return bool(urlopen(f"http://127.0.0.1:{port}/", timeout=2).status == 200)
    except URLError:
        return False
