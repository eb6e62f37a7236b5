"""The back office's first page: numbers that are the lists they lead to, for whom those lists are open."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Product
from catalog.services import update_product
from ecommerce.backoffice import revenue
from ecommerce.core.models import OutboxMessage
from orders.fulfilment import services as fulfilment
from orders.models import Order
from payments import staff_actions as office_services
from payments.models import Payment, Refund
from payments.services import confirm
from tests import factories
from tests.explaining import plan_of
from tests.office import office_of, url

pytestmark = pytest.mark.django_db
PARCEL = {"carrier": "DHL", "tracking_number": "1"}


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def bought(buyer: User, price: str, qty: int = 1, outcome: str = "success") -> Order:
    order = factories.order(buyer, (factories.product(price=Decimal(price)), qty))
    return confirm(order, outcome=outcome, by=buyer)


def tiles(office: Client) -> dict[str, object]:
    return {tile.title: tile for tile in office.get(reverse("admin:index")).context["tiles"]}


def values(office: Client) -> dict[str, object]:
    return {title: tile.value for title, tile in tiles(office).items()}


def rows_of(office: Client, title: str) -> list[object]:
    """What the list shows to which the number of this name leads."""
    response = office.get(tiles(office)[title].url)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def refund(order: Order, by: User, amount: str | None = None) -> None:
    office_services.refund_order(order, by=by, amount=amount and Decimal(amount))


class TestRevenue:
    def test_it_is_what_was_paid_less_what_was_refunded_to_the_cent(self, office, customer, staff):
        for price in ("0.10", "0.20", "1234567.89"):
            bought(customer, price)
        refund(bought(customer, "79.99", 3), staff, "0.01")
        refund(bought(customer, "5.55"), staff)
        office_services.cancel_order(bought(customer, "8.88"), by=staff)
        for outcome in ("failure", "canceled"):
            bought(customer, "100.00", outcome=outcome)
        factories.order(customer, (factories.product(), 1))
        [today] = revenue.last_days(1)
        assert (today.orders, today.paid, today.refunded) == (
            6,
            Decimal("1234567.89") + Decimal("0.30") + Decimal("239.97") + Decimal("5.55") + Decimal("8.88"),
            Decimal("14.44"),
        )
        assert values(office)["Revenue today"] == "$1,234,808.15"

    def test_the_number_leads_to_the_orders_that_make_it(self, office, customer, staff):
        orders = [bought(customer, "10.00"), bought(customer, "20.00")]
        refund(orders[1], staff, "5.00")
        old = bought(customer, "40.00")
        Order.objects.filter(pk=old.pk).update(paid_at=timezone.now() - timedelta(days=1))
        foreign = bought(customer, "80.00")
        Order.objects.filter(pk=foreign.pk).update(currency="eur")
        bought(customer, "160.00", outcome="failure")
        rows = rows_of(office, "Revenue today")
        assert {row.pk for row in rows} == {order.pk for order in orders}
        assert sum(row.total - row.refund_requested for row in rows) == Decimal("25.00")
        assert values(office)["Revenue today"] == "$25.00"

    def test_a_day_is_that_of_the_shops_time_zone(self, customer):
        zone = ZoneInfo("America/New_York")
        last, first = (datetime(2026, 3, 8, 23, 59, tzinfo=zone), datetime(2026, 3, 9, 0, 0, tzinfo=zone))
        for moment, price in ((last, "1.00"), (first, "2.00")):
            order = bought(customer, price)
            Order.objects.filter(pk=order.pk).update(paid_at=moment)
        with timezone.override(zone):
            span = (timezone.localdate() - date(2026, 3, 1)).days
            by_day = {day.day: day.kept for day in revenue.last_days(span + 1)}
        assert (by_day[date(2026, 3, 8)], by_day[date(2026, 3, 9)]) == (1, 2)

    def test_the_chart_and_its_table_have_the_same_thirty_days(self, office, customer, staff):
        for days, price in ((0, "10.00"), (3, "40.00"), (29, "20.00"), (30, "80.00")):
            order = bought(customer, price)
            Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - timedelta(days=days))
        refund(order, staff)
        page = office.get(reverse("admin:index")).content.decode()
        heights = [float(height) for height in re.findall(r'<rect[^>]* height="([\d.]+)%"', page)]
        rows = re.findall(r"<tr><th scope=\"row\">.*?</th>(.*?)</tr>", page)
        assert len(heights) == len(rows) == 30
        assert [height for height in heights if height] == [50.0, 100.0, 25.0]
        assert rows[0] == "<td>1</td><td>$10.00</td><td>$0.00</td><td>$10.00</td>"
        assert "Revenue of the last 30 days: $70.00" in page
        for part in ("<figure", "<figcaption", "<caption", 'role="img"', '<th scope="col">'):
            assert part in page


class TestOrdersToShip:
    def test_they_are_the_paid_ones_still_here_whose_money_did_not_go_back(self, office, customer, staff):
        new, packed, partly, refunded, shipped, canceled = (bought(customer, "9.00") for _ in range(6))
        fulfilment.pack(order_id=str(packed.pk), by=staff)
        refund(partly, staff, "1.00")
        refund(refunded, staff)
        fulfilment.ship(order_id=str(shipped.pk), by=staff, **PARCEL)
        office_services.cancel_order(canceled, by=staff)
        bought(customer, "9.00", outcome="failure")
        factories.order(customer, (factories.product(), 1))
        assert values(office)["Orders to ship"] == 3
        assert {row.pk for row in rows_of(office, "Orders to ship")} == {new.pk, packed.pk, partly.pk}


def test_failed_payments_are_those_of_the_past_week(office, customer):
    for days in (0, 6, 9):
        payment = Payment.objects.create(
            order=factories.order(customer, (factories.product(), 1)),
            gateway="simulated",
            status="failed",
            amount=Decimal(1),
            currency="usd",
            expires_at=timezone.now(),
        )
        Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(days=days))
    bought(customer, "1.00")
    assert values(office)["Failed payments"] == 2
    assert len(rows_of(office, "Failed payments")) == 2


def test_orders_that_failed_are_shown_once_there_are_any(office, customer):
    bought(customer, "5.00")
    assert "Failed orders" not in values(office)
    failed = [bought(customer, "5.00", outcome="failure") for _ in range(2)]
    Order.objects.filter(pk=failed[0].pk).update(created_at=timezone.now() - timedelta(days=9))
    assert values(office)["Failed orders"] == 1
    assert [row.pk for row in rows_of(office, "Failed orders")] == [failed[1].pk]


def test_refunds_that_failed_are_shown_once_there_are_any(office, customer, staff):
    refund(bought(customer, "5.00"), staff)
    assert "Failed refunds" not in values(office)
    Refund.objects.update(status="failed")
    assert values(office)["Failed refunds"] == len(rows_of(office, "Failed refunds")) == 1


def test_low_stock_is_of_what_customers_see(office):
    for left in (0, 5, 6):
        factories.product(inventory=left)
    hidden = factories.product(inventory=1)
    update_product(pk=hidden.pk, is_active=False)
    tile = tiles(office)["Low stock"]
    assert (tile.value, tile.note) == (2, "5 or fewer left, 1 sold out")
    assert sorted(row.inventory for row in rows_of(office, "Low stock")) == [0, 5]


def test_dead_letters_lead_to_themselves(office):
    for number, status in enumerate(("dead", "dead", "pending", "sent")):
        OutboxMessage.objects.create(kind="test", key=f"test:{number}", status=status)
    assert values(office)["Dead letters"] == len(rows_of(office, "Dead letters")) == 2


ORDERS = ["Revenue today", "Orders to ship", "Failed payments"]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("support", ORDERS),
        ("manager", ["Low stock"]),
        ("admin", [*ORDERS, "Low stock", "Dead letters"]),
    ],
)
def test_each_role_is_told_what_it_may_see(role, seen):
    office = office_of(factories.user(role=role))
    response = office.get(reverse("admin:index"))
    assert [tile.title for tile in response.context["tiles"]] == seen
    assert ("Revenue of the last" in response.content.decode()) == (role != "manager")
    for tile in response.context["tiles"]:
        assert office.get(tile.url).status_code == 200


def test_an_empty_shop_has_zeros_and_a_first_step(office):
    page = office.get(reverse("admin:index")).content.decode()
    assert values(office) == {
        "Revenue today": "$0.00",
        "Orders to ship": 0,
        "Failed payments": 0,
        "Low stock": 0,
        "Dead letters": 0,
    }
    assert f'href="{url(Product, "add")}">Add your first product</a>' in unescape(page)
    factories.product()
    assert "Add your first product" not in office.get(reverse("admin:index")).content.decode()


def test_who_may_not_add_products_is_not_told_to(support):
    assert "Add your first product" not in office_of(support).get(reverse("admin:index")).content.decode()


def test_every_number_is_counted_by_an_index(customer):
    """MongoDB looks at the rows that are counted, and not at the other orders, payments and products."""
    orders = [bought(customer, "1.00") for _ in range(4)]
    Order.objects.filter(pk=orders[0].pk).update(paid_at=timezone.now() - timedelta(days=9))
    Order.objects.filter(pk=orders[1].pk).update(fulfilment="delivered")
    Order.objects.filter(pk=orders[2].pk).update(refund_status="full")
    Payment.objects.filter(order=orders[0]).update(status="failed")
    now = timezone.now()
    recent = {"created_at__gte": now - timedelta(days=7), "created_at__lt": now + timedelta(days=1)}
    for rows, index, count in (
        (Order.objects.filter(paid_at__gte=now - timedelta(days=1), currency="usd"), "orders_by_payment", 3),
        (Order.objects.to_ship(), "orders_to_ship", 2),
        (Payment.objects.filter(status="failed", **recent), ("payments_of_status", "payments_by_status"), 1),
        (Product.objects.visible().filter(inventory__lte=9), ("products_by_stock", "products_by_id"), 4),
        (Refund.objects.filter(status="failed"), "refunds_by_status", 0),
        (OutboxMessage.objects.filter(status="dead"), "outbox_due", 0),
    ):
        plan = plan_of(rows)
        assert plan.index in index  # the embedded MongoDB takes the first that fits, MongoDB the best
        assert (plan.examined, plan.returned) == (count, count), index
