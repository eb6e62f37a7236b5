"""How many requests a second the shop answers, and what each costs, as ratios to a bare WSGI function."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ecommerce.devserver.file_lock import wait_until
from tests.bench.load import Measured, Post, Request, load
from tests.bench.visitors import PASSWORD, ApiClient, Visitor
from tests.runshop.shop import ROOT, Shop, free_port

SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
WARM_UP_S = 1
GZIP = {"Accept-Encoding": "gzip"}
SLUG = "gaming-laptop-pro"
PRODUCTS_IN_CART = (1, 2, 3)
CARTS = 8
EMAIL = "bench@example.com"
Table = dict[str, Measured]


@contextmanager
def bare_server() -> Iterator[tuple[int, int]]:
    """Serve the bare application by the shop's own gunicorn; yield its port and its process."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "tests.bench.bare:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PORT": str(port)})
    try:
        if not wait_until(lambda: _answers(port), 30):
            sys.exit("gunicorn did not start.")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def measure(shop: Shop) -> Table:
    """Return a row for the bare function and for each kind of request of the shop."""
    with bare_server() as (port, pid):
        table = {"bare WSGI function": _measure(port, pid, Request("/", {}))}
    for name, request in _requests(shop.port).items():
        table[name] = _measure(shop.port, shop.process.pid, request)
    return table


def _measure(port: int, pid: int, request: Request) -> Measured:
    load(port, pid, request, seconds=WARM_UP_S)
    return load(port, pid, request, seconds=SECONDS)


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


def as_markdown(table: Table) -> str:
    """Return the table; the columns "of bare" are ratios to its first row."""
    bare = next(iter(table.values()))
    lines = ["| request | a second | of bare | processor time | p50 | p99 |", "| --- " * 6 + "|"]
    for name, row in table.items():
        ratio = f"{row.per_second / bare.per_second:.1%}"
        lines.append(
            f"| {name} | {row.per_second:,.0f} | {ratio} | {row.cpu_ms:.2f} ms "
            f"| {row.p50_ms:.1f} ms | {row.p99_ms:.1f} ms |"
        )
    return "\n".join(lines) + "\n"


@contextmanager
def running_shop(folder: Path, **settings: str) -> Iterator[Shop]:
    shop = Shop(folder, **settings)
    try:
        shop.wait()
        if not wait_until(shop.is_open, 60):
            sys.exit(shop.output())
        yield shop
    finally:
        shop.clean_up()
