"""`make bench`: measure how long signing in takes, and how much it slows down other requests.

The shop runs in processes of its own with the real password hash. The times are printed, and nothing is
asserted. Compare ratios of one run, not seconds of two machines.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import Shop

LIMITS = dict.fromkeys(("AUTH_RATE_LIMIT", "PRODUCT_RATE_LIMIT", "READ_RATE_LIMIT"), "100000/m")
KNOWN, LOGINS, READS = "known{}@example.com", 15, 60
PASSWORD = "a-password-of-the-bench"


def send(port: int, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, float]:
    """Return the status and the seconds until the answer arrived."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    response.read()
    seconds = time.perf_counter() - started
    connection.close()
    return response.status, seconds


def log_in(port: int, email: str, expected: int = 401) -> float:
    status, seconds = send(port, "POST", "/auth/login", {"email": email, "password": "wrong-on-purpose"})
    if status != expected:
        sys.exit(f"{email}: {status} instead of {expected}")
    return seconds


def read(port: int) -> float:
    status, seconds = send(port, "GET", "/products?limit=20")
    if status != 200:
        sys.exit(f"products: {status}")
    return seconds


def logins(port: int) -> None:
    """Measure wrong passwords, one per e-mail address, since five would lock it."""
    for number in range(LOGINS):
        send(port, "POST", "/auth/signup", {"email": KNOWN.format(number), "password": PASSWORD})
    known, unknown = [], []
    for number in range(LOGINS):
        known.append(log_in(port, KNOWN.format(number)))
        unknown.append(log_in(port, f"unknown{number}@example.com"))
    say("wrong password, known e-mail", known)
    say("wrong password, unknown e-mail", unknown)
    print(f"known / unknown: {median(known) / median(unknown):.2f}\n")  # noqa: T201


def reads_during_logins(port: int) -> None:
    alone = [read(port) for _ in range(READS)]
    stop = threading.Event()
    clients = [threading.Thread(target=keep_logging_in, args=(port, stop, number)) for number in range(8)]
    for client in clients:
        client.start()
    time.sleep(1)
    during = [read(port) for _ in range(READS)]
    stop.set()
    for client in clients:
        client.join()
    say("product list, alone", alone)
    say("product list, during 8 logins at once", during)
    print(f"during / alone: {median(during) / median(alone):.2f}")  # noqa: T201


def keep_logging_in(port: int, stop: threading.Event, number: int) -> None:
    tries = 0
    while not stop.is_set():
        log_in(port, f"other{number}-{(tries := tries + 1)}@example.com")


def say(what: str, seconds: list[float]) -> None:
    worst = sorted(seconds)[int(len(seconds) * 0.95)]
    print(f"{what:40} median {median(seconds) * 1000:7.1f} ms, 95 % under {worst * 1000:7.1f} ms")  # noqa: T201


def main() -> None:
    with TemporaryDirectory(prefix="shop-bench-") as folder:
        shop = Shop(Path(folder), **LIMITS)
        try:
            shop.wait()
            wait_until(shop.is_open, 60)
            if not shop.is_open():
                sys.exit(shop.output())
            measured: list[Callable[[int], None]] = [logins, reads_during_logins]
            for measure in measured:
                measure(shop.port)
        finally:
            shop.clean_up()


if __name__ == "__main__":
    main()
