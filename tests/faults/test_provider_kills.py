"""Processes killed around the calls of the provider, which loses one reply in ten: no cent is lost."""

import json
import os
import random
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
from django.core.management import CommandError

from ecommerce.core.db import connection
from payments.models import Payment, Refund
from payments.start import start_payment
from tests import factories
from tests.conftest import written
from tests.payments import conftest as payments
from tests.payments.helpers import assert_money_adds_up, expire, pay, reconcile, status, stock
from tests.payments.stripe_standin import Standin
from tests.proof import size
from tests.races.server import ROOT, free_port

pytestmark = [pytest.mark.django_db, pytest.mark.proof("kills around the provider")]
stripe = payments.stripe  # a fixture
KILLS = size("PROVIDER_KILLS", ci=20, soak=100)
LONGEST_DELAY_MS = 25
# How many points a fork passes at the most: two for every call of the provider and every commit.
POINTS = {"pay": 8, "cancel": 10, "leave": 4, "partial": 16, "full": 16}
NAIVE_POINTS = 6
KILLED = -9


class Payer:
    def __init__(self, address):
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.payer", address],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def works(self, order, **job):
        """How the fork ended that did this job."""
        self._process.stdin.write(json.dumps({"order": str(order.pk), **job}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@pytest.fixture
def payer(stripe, settings):
    payer = Payer(settings.STRIPE_API_BASE)
    yield payer
    payer.stop()
    written.names.update(connection.database.list_collection_names())  # to be emptied: its writes, too


@pytest.fixture
def chance():
    """Printed, so that a failure can be had again."""
    seed = int(os.environ.get("PROVIDER_KILLS_SEED", random.getrandbits(32)))
    sys.stdout.write(f"PROVIDER_KILLS_SEED={seed}\n")
    return random.Random(seed)


def test_every_cent_taken_pays_an_order_or_goes_back(stripe, payer, customer, chance, counted, fsck):
    product = factories.product(inventory=10_000)
    stripe.lost_replies, killed, jobs = 0.1, 0, 0
    for plan in cycle(POINTS):
        order = factories.order(customer, (product, chance.randint(1, 3)))
        at = chance.randint(1, POINTS[plan])
        delay_ms = chance.choice([0, chance.uniform(0.1, LONGEST_DELAY_MS)])
        ended = payer.works(order, plan=plan, kill_at=at, delay_ms=delay_ms, naive=False)
        assert ended in (0, KILLED)
        killed, jobs = killed + (ended == KILLED), jobs + 1
        payment = Payment.objects.filter(order=order.pk).first()
        if plan != "leave" and payment and payment.redirect_url and chance.random() < 0.5:
            pay(stripe, payment)  # the page was still open in the customer's browser
        if killed == KILLS or jobs == 4 * KILLS:
            break
    assert killed == KILLS
    stripe.lost_replies = 0.0
    reconcile()
    taken, back = stripe.taken, stripe.refunded()
    counted(f"{killed} kills of {jobs} payers", f"{taken / 100:.2f} taken, {back / 100:.2f} of it gone back")
    assert_money_adds_up(stripe)
    fsck()
    assert not Refund.objects.outstanding().exists()
    for payment in Payment.objects.unsettled():
        assert stripe.session_of(payment.pk)["payment_status"] == "unpaid"
        expire(payment)
    reconcile()
    assert not Payment.objects.unsettled().exists()
    assert stock(product)[1] == 0
    fsck()


@pytest.mark.control("naive code breaks it")
def test_the_same_kills_lose_money_where_the_provider_is_called_first(stripe, payer, customer, counted, fsck):
    product = factories.product(inventory=10_000)
    for at in range(1, NAIVE_POINTS + 1):
        order = factories.order(customer, (product, 1))
        assert payer.works(order, plan="pay", kill_at=at, delay_ms=0, naive=True) == KILLED
    reconcile()
    paid = Payment.objects.count()
    counted(
        f"{NAIVE_POINTS} kills", f"{stripe.taken / 100:.2f} taken, {paid} of {NAIVE_POINTS} payments known"
    )
    with pytest.raises(AssertionError):
        assert_money_adds_up(stripe)


@pytest.mark.control("naive code keeps it unkilled")
def test_without_kills_the_naive_way_is_right(stripe, payer, customer, fsck):
    """So what the control finds is the kills' doing."""
    order = factories.order(customer, (factories.product(), 1))
    assert payer.works(order, plan="pay", kill_at=0, delay_ms=0, naive=True) == 0
    assert status(order) == "paid"
    assert_money_adds_up(stripe)
    fsck()


def test_the_check_itself_sees_a_lost_cent(stripe, customer, fsck):
    order = factories.order(customer, (factories.product(), 1))
    payment, _ = start_payment(order)
    pay(stripe, payment)
    reconcile()
    Payment.objects.update(received="79.98")
    with pytest.raises(CommandError):
        fsck()


class TestTheProviderItselfDies:
    @pytest.fixture
    def provider(self, tmp_path: Path, settings, monkeypatch):
        monkeypatch.setattr("payments.gateways.stripe.RETRIES", 0)
        provider = Provider(tmp_path / "ledger")
        payments.use_standin(settings, f"http://127.0.0.1:{provider.port}")
        yield provider
        payments.close_client()
        provider.kill()

    def test_its_ledger_survives_and_one_pass_settles(self, provider, customer, product, fsck):
        orders = [factories.order(customer, (product, 1)) for _ in range(3)]
        started = [start_payment(order)[0] for order in orders]
        provider.kill()
        reconcile()
        assert {status(payment) for payment in started} == {"initiated"}
        stripe = Standin(provider.ledger)
        for payment in started[:2]:
            pay(stripe, payment)
        provider.start()
        reconcile()
        assert [status(order) for order in orders] == ["paid", "paid", "pending"]
        assert stock(product) == (7, 1)
        assert_money_adds_up(stripe)
        fsck()


class Provider:
    """The stand-in as a process of its own."""

    def __init__(self, ledger):
        self.ledger, self.port = ledger, free_port()
        self.start()

    def start(self):
        command = [sys.executable, "-m", "tests.payments.stripe_standin", str(self.port), str(self.ledger)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
