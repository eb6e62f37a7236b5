"""The model computes what textbooks and a simulation say, and counts what the code does."""

import random

import pytest
from rest_framework.test import APIClient

from ecommerce.core.cache.entries import REFILL_S
from tests.scaling import breaking
from tests.scaling.model import COMMANDS_BEFORE_COMMIT, PAGES, Measured
from tests.scaling.queueing import Queue, entry_lifetime, misses, zipf
from tests.test_command_counts import api, confirm, products, start_payment  # noqa: F401  # fixtures


def test_waiting_times_are_those_of_the_textbook():
    assert Queue(arrivals=1, service_s=1, servers=2).waiting_probability == pytest.approx(1 / 3)
    assert Queue(arrivals=8, service_s=1, servers=10).waiting_probability == pytest.approx(0.409, abs=0.001)
    assert Queue(arrivals=0.5, service_s=1).waiting_s == pytest.approx(1)
    assert Queue(arrivals=2, service_s=1).waiting_s == float("inf")


def test_the_pages_share_all_requests():
    assert sum(zipf(PAGES)) == pytest.approx(1)


@pytest.mark.parametrize(("reads", "sales"), [(5, 1), (50, 1), (0.2, 0.1), (5, 20), (1, 0)])
def test_entries_miss_as_often_as_in_a_simulation(reads, sales):
    lifetime = entry_lifetime(sales, grace_s=REFILL_S, ttl_s=300)
    assert misses([reads], lifetime) / reads == pytest.approx(simulated_misses(reads, sales), rel=0.1)


def simulated_misses(reads: float, sales: float, requests: int = 20_000) -> float:
    """Play the rule of the cache: an entry is valid until the first sale since its fill, or a grace long."""
    chance = random.Random(1)
    now = ends = 0.0
    missed = 0
    for _ in range(requests):
        now += chance.expovariate(reads)
        if now >= ends:
            missed += 1
            next_sale = chance.expovariate(sales) if sales else 300
            ends = now + min(300, max(REFILL_S, next_sale))
    return missed / requests


def test_so_many_commands_follow_the_change_of_the_stock(sent, api: APIClient):  # noqa: F811
    order = start_payment(api)
    commands = sent(lambda: confirm(api, order))
    changed, commits = commands.index("update products"), commands.index("commitTransaction 1")
    assert commits - changed - 1 == COMMANDS_BEFORE_COMMIT


def test_each_resource_is_full_at_some_load():
    measured = Measured()
    assert all(0.1 < breaking.full_at(measured, resource) < 100_000 for resource in breaking.RESOURCES)
    report = breaking.report()
    assert all(resource.name in report for resource in breaking.RESOURCES)
