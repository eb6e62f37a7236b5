"""Processes are killed around calls of the provider, which loses one response in ten. No money is lost."""

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
from tests.payments import conftest as payments
from tests.payments.helpers import assert_money_adds_up, expire, pay, reconcile, status, stock
from tests.payments.stripe_standin import Standin
from tests.proof import size
from tests.races.server import ROOT, free_port
from tests.support import factories
from tests.support.database import log

pytestmark = [pytest.mark.django_db, pytest.mark.proof("kills around the provider"), pytest.mark.kills]
stripe = payments.stripe  # a fixture
KILLS = size("PROVIDER_KILLS", ci=12, soak=100)
LONGEST_DELAY_MS = 25
# The maximum number of kill points: two for every call of the provider and every commit.
POINTS = {"pay": 8, "cancel": 10, "leave": 4, "partial": 16, "full": 16}
NAIVE_POINTS = 6
KILLED = -9


class Payer:
    """The process of `tests.faults.payer`."""

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

    def run(self, order, **job):
        """Run a job in a fork and return its exit code."""
        self._process.stdin.write(json.dumps({"order": str(order.pk), **job}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(120)


@pytest.fixture
def payer(stripe, settings, monkeypatch):
    monkeypatch.setattr("payments.reconciliation.RUN_S", 600.0)  # one pass settles everything, however slowly
    payer = Payer(settings.STRIPE_API_BASE)
    yield payer
    payer.stop()
    log.written.update(connection.database.list_collection_names())  # so that its writes are deleted too


@pytest.fixture
def rng():
    """Return a random generator; its seed is printed, so that a failure can be reproduced."""
    seed = int(os.environ.get("PROVIDER_KILLS_SEED", random.getrandbits(32)))
    sys.stdout.write(f"PROVIDER_KILLS_SEED={seed}\n")
    return random.Random(seed)


def test_all_money_taken_pays_an_order_or_is_refunded(stripe, payer, customer, rng, counted, fsck):
    product = factories.product(inventory=10_000)
    stripe.lost_replies, killed, jobs = 0.1, 0, 0
    for plan in cycle(POINTS):
        order = factories.order(customer, (product, rng.randint(1, 3)))
        kill_at = rng.randint(1, POINTS[plan])
        delay_ms = rng.choice([0, rng.uniform(0.1, LONGEST_DELAY_MS)])
        exit_code = payer.run(order, plan=plan, kill_at=kill_at, delay_ms=delay_ms, naive=False)
        assert exit_code in (0, KILLED)
        killed, jobs = killed + (exit_code == KILLED), jobs + 1
        payment = Payment.objects.filter(order=order.pk).first()
        if plan != "leave" and payment and payment.redirect_url and rng.random() < 0.5:
            pay(stripe, payment)  # the customer still has the page open
        if killed == KILLS or jobs == 4 * KILLS:
            break
    assert killed == KILLS
    stripe.lost_replies = 0.0
    reconcile()
    taken, refunded = stripe.taken / 100, stripe.refunded() / 100
    counted(f"{killed} kills of {jobs} payers", f"{taken:.2f} taken, {refunded:.2f} of it refunded")
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
def test_calling_the_provider_first_loses_money(stripe, payer, customer, counted, fsck):
    product = factories.product(inventory=10_000)
    for kill_at in range(1, NAIVE_POINTS + 1):
        order = factories.order(customer, (product, 1))
        assert payer.run(order, plan="pay", kill_at=kill_at, delay_ms=0, naive=True) == KILLED
    reconcile()
    paid = Payment.objects.count()
    counted(
        f"{NAIVE_POINTS} kills", f"{stripe.taken / 100:.2f} taken, {paid} of {NAIVE_POINTS} payments known"
    )
    with pytest.raises(AssertionError):
        assert_money_adds_up(stripe)


@pytest.mark.control("naive code keeps it unkilled")
def test_calling_the_provider_first_works_without_kills(stripe, payer, customer, fsck):
    """Show that the control fails because of the kills."""
    order = factories.order(customer, (factories.product(), 1))
    assert payer.run(order, plan="pay", kill_at=0, delay_ms=0, naive=True) == 0
    assert status(order) == "paid"
    assert_money_adds_up(stripe)
    fsck()


def test_fsck_detects_a_missing_cent(stripe, customer, fsck):
    order = factories.order(customer, (factories.product(), 1))
    payment, _ = start_payment(order)
    pay(stripe, payment)
    reconcile()
    Payment.objects.update(received="79.98")
    with pytest.raises(CommandError):
        fsck()


class TestKilledProvider:
    @pytest.fixture
    def provider(self, tmp_path: Path, settings, monkeypatch):
        monkeypatch.setattr("payments.gateways.stripe.RETRIES", 0)
        provider = Provider(tmp_path / "ledger")
        payments.use_standin(settings, f"http://127.0.0.1:{provider.port}")
        yield provider
        payments.close_client()
        provider.kill()

    def test_its_ledger_survives_and_one_run_settles_all_payments(self, provider, customer, product, fsck):
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
    """The stand-in for Stripe as a process of its own."""

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
