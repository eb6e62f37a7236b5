"""Which resource is full first, and how many of each are needed."""

import math
import runpy
from collections.abc import Callable
from typing import NamedTuple

from orders.services import CANCEL_BATCH_SIZE
from payments.reconciliation import BATCH, RUN_S
from tests.runshop.shop import ROOT
from tests.scaling.model import BUSY, CORES, Load, Measured
from tests.scaling.tables import table

LOADS = (1, 10, 100, 1_000)
PEAK = 10  # the busiest minute has as many times the orders of an average one
YEAR_S = 365 * 86_400

# Assumptions
MONGODB = 10_000  # commands a second of one primary
REDIS_CLIENTS = 10_000  # Redis's default for maxclients
MAIL_S, MAIL_PROCESSES = 0.1, 2  # to hand one to the mail server; the processes of one worker
UNPAID = 0.3  # of the orders are never paid
PROVIDER_S = 0.3  # of a call to the payment provider


class Resource(NamedTuple):
    name: str
    unit: str
    units: Callable[[Load], float]  # how many are needed, in parts of one


def _passwords(load: Load) -> float:
    return load.orders * load.measured.hash_s / BUSY / CORES


def _connections(load: Load) -> float:
    """Count for each thread a connection of its own and one of the pool, and Celery's for the process."""
    threads = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["threads"]
    return load.cores * (2 * threads + 1) / REDIS_CLIENTS / BUSY


def _holds(load: Load) -> float:
    ended_a_run = min(BATCH, RUN_S / PROVIDER_S)
    return load.orders * UNPAID * 60 / ended_a_run / BUSY


RESOURCES = (
    Resource("processors for all requests", f"web machine, {CORES} cores", lambda load: load.cores / CORES),
    Resource("of these, for passwords", f"web machine, {CORES} cores", _passwords),
    Resource("Redis's thread", "Redis", lambda load: load.redis.utilisation / BUSY),
    Resource("connections to Redis", f"Redis, {REDIS_CLIENTS:,} clients", _connections),
    Resource(
        "MongoDB's primary",
        f"{MONGODB:,} commands a second",
        lambda load: load.cost.mongodb / MONGODB / BUSY,
    ),
    Resource("the best seller's document", "product", lambda load: load.best_seller.utilisation / BUSY),
    Resource(
        "mails",
        f"worker, {MAIL_PROCESSES} processes",
        lambda load: load.orders * MAIL_S / MAIL_PROCESSES / BUSY,
    ),
    Resource(
        "canceling unpaid orders",
        f"{CANCEL_BATCH_SIZE} every 5 minutes",
        lambda load: load.orders * UNPAID * 300 / CANCEL_BATCH_SIZE / BUSY,
    ),
    Resource("ending expired holds", f"{RUN_S:.0f} s of every minute", _holds),
)


def report() -> str:
    measured = Measured()
    return "\n\n".join([_what_breaks_first(measured), _loads(measured), _what_a_longer_grace_saves(measured)])


def full_at(measured: Measured, resource: Resource) -> float:
    """Return the multiple of the load at which one unit is as busy as it may be."""
    low, high = 0.001, 1e6
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if resource.units(Load(measured, middle)) < 1 else (low, middle)
    return low


def _what_breaks_first(measured: Measured) -> str:
    lines = []
    for multiple, resource in sorted((full_at(measured, resource), resource) for resource in RESOURCES):
        needed = [_needed(resource.units(Load(measured, load))) for load in LOADS]
        lines.append([resource.name, resource.unit, f"× {_rounded(multiple)}", *needed])
    return table(["resource", "one unit", "full at", *(f"needed at × {load:,}" for load in LOADS)], lines)


def _needed(units: float) -> str:
    return f"{math.ceil(units):,}" if units > 1 else f"{units:.0%} of one" if units >= 0.01 else "< 1% of one"


def _rounded(value: float) -> str:
    """Return the number with two digits: a model deserves no more."""
    digits = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -digits):,.0f}" if value >= 10 else f"{value:.1f}"


def _loads(measured: Measured) -> str:
    loads = [Load(measured, multiple) for multiple in LOADS]
    lines: dict[str, Callable[[Load], str]] = {
        "requests a second": lambda load: f"{load.requests:,.0f}",
        "orders a second": lambda load: f"{load.orders:g}",
        "orders a year": lambda load: f"{_rounded(load.orders / PEAK * YEAR_S)}",
        "page views without a valid entry": lambda load: f"{load.miss_ratio:.0%}",
        "processor time of a request": lambda load: f"{load.cost.cpu_s / load.requests * 1000:.1f} ms",
        "processors": lambda load: f"{load.cost.cpu_s:.1f} busy of {load.web.servers}",
        "wait for one": lambda load: f"{load.web.waiting_s * 1000:.2f} ms",
        "commands to Redis a second": lambda load: f"{load.cost.redis:,.0f}",
        "wait for Redis's thread": lambda load: _wait(load.redis.waiting_s),
        "memory of Redis": lambda load: f"{load.redis_bytes / 1e6:,.0f} MB",
        "commands to MongoDB a second": lambda load: f"{load.cost.mongodb:,.0f}",
        "sales of the best seller a second": lambda load: f"{load.best_seller.arrivals:.2f}",
        "wait for its document": lambda load: _wait(load.best_seller.waiting_s),
    }
    header = ["in the busiest minute", *(f"× {multiple:,}" for multiple in LOADS)]
    return table(header, [[name, *map(line, loads)] for name, line in lines.items()])


def _wait(seconds: float) -> str:
    return "overloaded" if math.isinf(seconds) else f"{seconds * 1000:.2f} ms"


def _what_a_longer_grace_saves(measured: Measured) -> str:
    graces = {"0.5 s, as it is": 0.5, "5 s": 5, "60 s": 60}
    lines = []
    for name, grace_s in graces.items():
        loads = [Load(measured, multiple, grace_s=grace_s) for multiple in LOADS]
        lines.append([name, *(f"{load.miss_ratio:.0%}, {load.web.servers:,} cores" for load in loads)])
    return table(["an entry survives sales for", *(f"× {multiple:,}" for multiple in LOADS)], lines)
