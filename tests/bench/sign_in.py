"""How long signing in takes, also with an unknown e-mail, and how much it slows down other requests."""

import http.client
import json
import sys
import threading
import time
from statistics import median

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

KNOWN, SIGN_INS, READS = "known{}@example.com", 15, 60
FLOOD, FLOODERS = 200, 20
PASSWORD = "a-password-of-the-bench"


def report(port: int) -> str:
    """Return a table, each row with its ratio to another."""
    for number in range(SIGN_INS):
        _send(port, "POST", "/auth/signup", {"email": KNOWN.format(number), "password": PASSWORD})
    hashes = [_hash() for _ in range(SIGN_INS)]
    right = [_sign_in(port, KNOWN.format(number), PASSWORD, 200) for number in range(SIGN_INS)]
    known = [_sign_in(port, KNOWN.format(number), "wrong", 401) for number in range(SIGN_INS)]
    unknown = [_sign_in(port, f"unknown{number}@example.com", "wrong", 401) for number in range(SIGN_INS)]
    alone = [_read(port) for _ in range(READS)]
    during = _reads_during_sign_ins(port)
    return "\n".join(
        [
            "| | median | 95 % below | ratio |",
            "| --- | --- | --- | --- |",
            _row("the password's hash alone", hashes),
            _row("sign-in", right, hashes, "of the hash"),
            _row("wrong password, known e-mail", known),
            _row("wrong password, unknown e-mail", unknown, known, "of a known e-mail"),
            _row("product list", alone),
            _row(f"product list, during a flood of {FLOOD} sign-ins", during, alone, "of the list alone"),
        ]
    )


def _hash() -> float:
    started = time.perf_counter()
    BCryptSHA256PasswordHasher().encode(PASSWORD, BCryptSHA256PasswordHasher().salt())
    return time.perf_counter() - started


def _send(port: int, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, float]:
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


def _sign_in(port: int, email: str, password: str, expected: int) -> float:
    status, seconds = _send(port, "POST", "/auth/login", {"email": email, "password": password})
    if status != expected:
        sys.exit(f"{email}: {status} instead of {expected}")
    return seconds


def _read(port: int) -> float:
    status, seconds = _send(port, "GET", "/products?limit=20")
    if status != 200:
        sys.exit(f"products: {status}")
    return seconds


def _reads_during_sign_ins(port: int) -> list[float]:
    """Return the times of reads while FLOOD sign-ins are sent from FLOODERS connections, again and again."""
    stop = threading.Event()
    clients = [threading.Thread(target=_flood, args=(port, stop, number)) for number in range(FLOODERS)]
    for client in clients:
        client.start()
    time.sleep(1)
    during = [_read(port) for _ in range(READS)]
    stop.set()
    for client in clients:
        client.join()
    return during


def _flood(port: int, stop: threading.Event, number: int) -> None:
    """Send sign-ins one after the other; those that are refused (503) are sent again a second later."""
    for tries in range(FLOOD // FLOODERS):
        body = {"email": f"other{number}-{tries}@example.com", "password": "wrong"}
        while not stop.is_set() and _send(port, "POST", "/auth/login", body)[0] == 503:
            time.sleep(1)


def _row(what: str, seconds: list[float], base: list[float] | None = None, of: str = "") -> str:
    worst = sorted(seconds)[int(len(seconds) * 0.95)]
    ratio = f"{median(seconds) / median(base):.2f} {of}" if base else ""
    return f"| {what} | {median(seconds) * 1000:.1f} ms | {worst * 1000:.1f} ms | {ratio} |"
