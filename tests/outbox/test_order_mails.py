"""The mails about orders: sent once, as text and HTML, with the order as it was placed."""

from decimal import Decimal
from threading import Lock

import pytest
from django.core import mail

from catalog.services import update_product
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from orders import emails
from orders.models import Order
from payments.services import confirm
from tests.outbox.conftest import SENT
from tests.support import factories
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
SCRIPT = "</script><script>alert(1)</script>"


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


def settle(order, outcome="success"):
    return confirm(order, outcome=outcome, by=order.user)


def keys():
    return list(OutboxMessage.objects.values_list("key", flat=True))


def delivered_mail():
    """Deliver the outbox and return the only mail."""
    outbox.deliver_due()
    (message,) = mail.outbox
    return message


def text_and_html(message):
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    return message.body, html


def test_the_customer_gets_a_confirmation_of_a_paid_order(order, fsck):
    settle(order)
    message = delivered_mail()
    assert message.to == ["customer@example.com"]
    assert message.subject == f"Thank you. Your order {order.number} is confirmed"
    for text in text_and_html(message):
        assert order.items[0].name in text
        assert "$239.97" in text
        assert f"http://testserver/orders/{order.number}/" in text
    fsck()


def test_20_concurrent_confirmations_queue_one_mail(order, fsck):
    answers = at_once(20, lambda: settle(order).status)
    assert answers == ["paid"] * 20
    assert keys() == [f"order_confirmed:{order.pk}"]
    fsck()


def test_of_concurrent_outcomes_only_the_winning_one_causes_a_mail(order, fsck):
    outcomes, lock = ["success", "failure", "canceled"] * 4, Lock()

    def settle_with_next_outcome():
        with lock:
            outcome = outcomes.pop()
        return settle(order, outcome).status

    final = {"paid": ["order_confirmed"], "failed": ["payment_failed"], "canceled": []}
    (status,) = set(at_once(12, settle_with_next_outcome))
    assert [key.partition(":")[0] for key in keys()] == final[status]
    fsck()


def test_a_declined_payment_causes_a_mail(order):
    settle(order, "failure")
    message = delivered_mail()
    assert message.subject == f"Your payment for order {order.number} did not go through"
    for text in text_and_html(message):
        assert "The payment was declined. You were not charged." in text


def test_the_mail_about_short_stock_gives_the_reason(order, product, fsck):
    update_product(pk=product.pk, inventory=1)
    with pytest.raises(Exception, match="Insufficient inventory"):
        settle(order)
    for text in text_and_html(delivered_mail()):
        assert f"Insufficient inventory for product {product.name}" in text
    assert keys() == [f"payment_failed:{order.pk}"]
    fsck()


def test_a_canceled_order_causes_no_mail(order):
    settle(order, "canceled")
    assert keys() == []


def test_a_parcel_causes_one_mail(order):
    for _ in range(2):
        emails.queue_shipped(order, shipment="parcel-1", carrier="UPS & Co", tracking_number="1Z<99>")
    text, html = text_and_html(delivered_mail())
    assert "on its way with UPS & Co. Its tracking number is 1Z<99>." in text
    assert "to UPS &amp; Co. Its tracking number is <strong>1Z&lt;99&gt;</strong>." in html


def test_the_mail_about_a_refund_gives_its_amount(order):
    emails.queue_refunded(order, refund="refund-1", amount=Decimal("1079.90"))
    message = delivered_mail()
    assert message.subject == f"Your refund for order {order.number}"
    for text in text_and_html(message):
        assert "$1,079.90" in text


@pytest.mark.parametrize("kind", emails.SUBJECTS)
def test_markup_in_a_products_name_is_escaped_in_every_mail(customer, kind):
    order = factories.order(customer, (factories.product(name=f"Chair {SCRIPT}"), 1))
    facts = {"order": str(order.pk), "carrier": SCRIPT, "tracking": SCRIPT, "amount": "1.00"}
    Order.objects.filter(pk=order.pk).update(failure_reason=f"No {SCRIPT}")
    outbox.enqueue(kind=kind, key="test", payload=facts)
    text, html = text_and_html(delivered_mail())
    assert "<script" not in html
    assert "&lt;" not in text
    if kind != "order_refunded":
        assert f"Chair {SCRIPT}" in text
        assert "Chair &lt;/script&gt;&lt;script&gt;alert(1)" in html


def test_a_mail_shows_the_product_as_it_was_ordered(order, product):
    settle(order)
    update_product(pk=product.pk, name="Another name", price="1.00")
    for text in text_and_html(delivered_mail()):
        assert "Another name" not in text
        assert "$79.99" in text or "$239.97" in text


def test_the_outbox_holds_only_ids_and_facts(order):
    settle(order)
    assert OutboxMessage.objects.get().payload == {"order": str(order.pk)}


class TestSmtp:
    def test_a_mail_arrives_with_text_and_html(self, mail_server, order):
        settle(order)
        outbox.deliver_due()
        (arrived,) = mail_server.mails
        assert arrived["To"] == "customer@example.com"
        assert arrived["From"] == "Marlow <shop@example.com>"
        assert arrived["Auto-Submitted"] == "auto-generated"
        assert order.number in arrived.get_body(("plain",)).get_content()
        assert f">{order.number}<" in arrived.get_body(("html",)).get_content()

    def test_a_repeat_has_the_same_message_id(self, mail_server, order):
        settle(order)
        outbox.deliver_due()
        OutboxMessage.objects.update(
            status="pending", sent_at=None
        )  # like a worker killed before it recorded the delivery
        OutboxMessage.objects.update(next_attempt_at=order.created_at)
        outbox.deliver_due()
        first, second = (arrived["Message-ID"] for arrived in mail_server.mails)
        assert first == second == f"<{OutboxMessage.objects.get().pk}@example.com>"

    def test_a_refused_recipient_is_retried_and_never_logged(self, mail_server, order, caplog):
        mail_server.answer_to_recipients = "550 no such customer@example.com here"
        settle(order)
        outbox.deliver_due()
        message = OutboxMessage.objects.get()
        assert (message.status, message.last_error[:22]) == ("pending", "SMTPRecipientsRefused ")
        assert "customer@" not in message.last_error + caplog.text
        mail_server.answer_to_recipients = "250 ok"
        OutboxMessage.objects.update(next_attempt_at=order.created_at)
        outbox.deliver_due()
        assert OutboxMessage.objects.get().status == SENT
        assert len(mail_server.mails) == 1


@pytest.mark.parametrize("missing", ["EMAIL_HOST", "DEFAULT_FROM_EMAIL"])
def test_without_a_mail_server_in_production_a_mail_waits_with_the_reason(order, settings, missing):
    settings.IN_PRODUCTION, settings.EMAIL_HOST = True, "mail.example.com"
    setattr(settings, missing, "")
    settle(order)
    outbox.deliver_due()
    waiting = OutboxMessage.objects.get()
    assert waiting.status == OutboxMessage.Status.PENDING
    assert waiting.last_error.startswith("NoMailServer: No mail server is named: set EMAIL_HOST and")
    assert mail.outbox == []
