"""Processes are killed around the calls of a provider that loses one reply in ten: no cent is lost."""

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
from tests.payments.shop import expire, money_adds_up, pay, reconcile, status, stock
from tests.payments.stripe_standin import Standin
from tests.proof import size
from tests.races.server import ROOT, free_port
from tests.support import factories
from tests.support.database import log

pytestmark = [pytest.mark.django_db, pytest.mark.proof("kills around the provider")]
stripe = payments.stripe  # a fixture
KILLS = size("PROVIDER_KILLS", ci=20, soak=100)
LONGEST_DELAY_MS = 25
# The most points that a fork passes: two for every call of the provider and every commit.
POINTS = {"pay": 8, "cancel": 10, "leave": 4, "partial": 16, "full": 16}
NAIVE_POINTS = 6
KILLED = -9


class Payer:
    """A process that does jobs in forks, which may be killed."""

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
        """Do a job in a fork, and return the exit code of the fork."""
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
    log.written.update(connection.database.list_collection_names())  # so that its writes are removed, too


@pytest.fixture
def chance():
    """A random generator whose seed is printed, so that a failure can be reproduced."""
    seed = int(os.environ.get("PROVIDER_KILLS_SEED", random.getrandbits(32)))
    sys.stdout.write(f"PROVIDER_KILLS_SEED={seed}\n")
    return random.Random(seed)


def test_every_cent_pays_an_order_or_is_refunded(stripe, payer, customer, chance, counted, fsck):
    product = factories.product(inventory=10_000)
    stripe.lost_replies, killed, jobs = 0.1, 0, 0
    for plan in cycle(POINTS):
        order = factories.order(customer, (product, chance.randint(1, 3)))
        at = chance.randint(1, POINTS[plan])
        delay_ms = chance.choice([0, chance.uniform(0.1, LONGEST_DELAY_MS)])
        ended = payer.run(order, plan=plan, kill_at=at, delay_ms=delay_ms, naive=False)
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
    counted(f"{killed} kills of {jobs} payers", f"{taken / 100:.2f} taken, {back / 100:.2f} of it refunded")
    money_adds_up(stripe)
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
def test_the_same_kills_lose_money_when_the_provider_is_called_first(stripe, payer, customer, counted, fsck):
    product = factories.product(inventory=10_000)
    for at in range(1, NAIVE_POINTS + 1):
        order = factories.order(customer, (product, 1))
        assert payer.run(order, plan="pay", kill_at=at, delay_ms=0, naive=True) == KILLED
    reconcile()
    paid = Payment.objects.count()
    counted(
        f"{NAIVE_POINTS} kills", f"{stripe.taken / 100:.2f} taken, {paid} of {NAIVE_POINTS} payments known"
    )
    with pytest.raises(AssertionError):
        money_adds_up(stripe)


@pytest.mark.control("naive code keeps it unkilled")
def test_naive_code_is_correct_without_kills(stripe, payer, customer, fsck):
    """So the kills are the reason why the control fails."""
    order = factories.order(customer, (factories.product(), 1))
    assert payer.run(order, plan="pay", kill_at=0, delay_ms=0, naive=True) == 0
    assert status(order) == "paid"
    money_adds_up(stripe)
    fsck()


def test_the_check_notices_a_lost_cent(stripe, customer, fsck):
    order = factories.order(customer, (factories.product(), 1))
    payment, _ = start_payment(order=order)
    pay(stripe, payment)
    reconcile()
    Payment.objects.update(received="79.98")
    with pytest.raises(CommandError):
        fsck()


class TestTheProviderIsKilled:
    @pytest.fixture
    def provider(self, tmp_path: Path, settings, monkeypatch):
        monkeypatch.setattr("payments.gateways.stripe.RETRIES", 0)
        provider = Provider(tmp_path / "ledger")
        payments.use(settings, f"http://127.0.0.1:{provider.port}")
        yield provider
        payments.forget_clients()
        provider.kill()

    def test_its_ledger_survives_and_one_pass_settles_everything(self, provider, customer, product, fsck):
        orders = [factories.order(customer, (product, 1)) for _ in range(3)]
        started = [start_payment(order=order)[0] for order in orders]
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
        money_adds_up(stripe)
        fsck()


class Provider:
    """The stand-in in a process of its own."""

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
