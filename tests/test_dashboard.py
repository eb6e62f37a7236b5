"""The first page of the back office: numbers equal the lists to which they lead."""

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
from tests.support import factories
from tests.support.admin_pages import office_of, url
from tests.support.query_plans import plan_of

pytestmark = pytest.mark.django_db
PARCEL = {"carrier": "DHL", "tracking_number": "1"}


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def buy(buyer: User, price: str, qty: int = 1, outcome: str = "success") -> Order:
    order = factories.order(buyer, (factories.product(price=Decimal(price)), qty))
    return confirm(order, outcome=outcome, by=buyer)


def tiles(office: Client) -> dict[str, object]:
    return {tile.title: tile for tile in office.get(reverse("admin:index")).context["tiles"]}


def values(office: Client) -> dict[str, object]:
    return {title: tile.value for title, tile in tiles(office).items()}


def rows_of(office: Client, title: str) -> list[object]:
    """Return the rows of the list to which this number leads."""
    response = office.get(tiles(office)[title].url)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def refund(order: Order, by: User, amount: str | None = None) -> None:
    office_services.refund_order(order, by=by, amount=amount and Decimal(amount))


class TestRevenue:
    def test_is_the_paid_less_the_refunded_amounts_to_the_cent(self, office, customer, staff):
        for price in ("0.10", "0.20", "1234567.89"):
            buy(customer, price)
        refund(buy(customer, "79.99", 3), staff, "0.01")
        refund(buy(customer, "5.55"), staff)
        office_services.cancel_order(buy(customer, "8.88"), by=staff)
        for outcome in ("failure", "canceled"):
            buy(customer, "100.00", outcome=outcome)
        factories.order(customer, (factories.product(), 1))
        [today] = revenue.last_days(1)
        assert (today.orders, today.paid, today.refunded) == (
            6,
            Decimal("1234567.89") + Decimal("0.30") + Decimal("239.97") + Decimal("5.55") + Decimal("8.88"),
            Decimal("14.44"),
        )
        assert values(office)["Revenue today"] == "$1,234,808.15"

    def test_leads_to_the_orders_that_it_sums_up(self, office, customer, staff):
        orders = [buy(customer, "10.00"), buy(customer, "20.00")]
        refund(orders[1], staff, "5.00")
        old = buy(customer, "40.00")
        Order.objects.filter(pk=old.pk).update(paid_at=timezone.now() - timedelta(days=1))
        foreign = buy(customer, "80.00")
        Order.objects.filter(pk=foreign.pk).update(currency="eur")
        buy(customer, "160.00", outcome="failure")
        rows = rows_of(office, "Revenue today")
        assert {row.pk for row in rows} == {order.pk for order in orders}
        assert sum(row.total - row.refund_requested for row in rows) == Decimal("25.00")
        assert values(office)["Revenue today"] == "$25.00"

    def test_counts_days_in_the_shops_time_zone(self, customer):
        zone = ZoneInfo("America/New_York")
        last, first = (datetime(2026, 3, 8, 23, 59, tzinfo=zone), datetime(2026, 3, 9, 0, 0, tzinfo=zone))
        for moment, price in ((last, "1.00"), (first, "2.00")):
            order = buy(customer, price)
            Order.objects.filter(pk=order.pk).update(paid_at=moment)
        with timezone.override(zone):
            span = (timezone.localdate() - date(2026, 3, 1)).days
            by_day = {day.day: day.kept for day in revenue.last_days(span + 1)}
        assert (by_day[date(2026, 3, 8)], by_day[date(2026, 3, 9)]) == (1, 2)

    def test_has_the_same_thirty_days_in_chart_and_table(self, office, customer, staff):
        for days, price in ((0, "10.00"), (3, "40.00"), (29, "20.00"), (30, "80.00")):
            order = buy(customer, price)
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
    def test_are_paid_not_shipped_and_not_refunded_in_full(self, office, customer, staff):
        new, packed, partly, refunded, shipped, canceled = (buy(customer, "9.00") for _ in range(6))
        fulfilment.pack(packed, by=staff)
        refund(partly, staff, "1.00")
        refund(refunded, staff)
        fulfilment.ship(shipped, by=staff, **PARCEL)
        office_services.cancel_order(canceled, by=staff)
        buy(customer, "9.00", outcome="failure")
        factories.order(customer, (factories.product(), 1))
        assert values(office)["Orders to ship"] == 3
        assert {row.pk for row in rows_of(office, "Orders to ship")} == {new.pk, packed.pk, partly.pk}


def test_failed_payments_are_from_the_past_week(office, customer):
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
    buy(customer, "1.00")
    assert values(office)["Failed payments"] == 2
    assert len(rows_of(office, "Failed payments")) == 2


def test_failed_orders_are_shown_only_if_there_are_any(office, customer):
    buy(customer, "5.00")
    assert "Failed orders" not in values(office)
    failed = [buy(customer, "5.00", outcome="failure") for _ in range(2)]
    Order.objects.filter(pk=failed[0].pk).update(created_at=timezone.now() - timedelta(days=9))
    assert values(office)["Failed orders"] == 1
    assert [row.pk for row in rows_of(office, "Failed orders")] == [failed[1].pk]


def test_failed_refunds_are_shown_only_if_there_are_any(office, customer, staff):
    refund(buy(customer, "5.00"), staff)
    assert "Failed refunds" not in values(office)
    Refund.objects.update(status="failed")
    assert values(office)["Failed refunds"] == len(rows_of(office, "Failed refunds")) == 1


def test_low_stock_counts_visible_products_only(office):
    for left in (0, 5, 6):
        factories.product(inventory=left)
    hidden = factories.product(inventory=1)
    update_product(pk=hidden.pk, is_active=False)
    tile = tiles(office)["Low stock"]
    assert (tile.value, tile.note) == (2, "5 or fewer left, 1 sold out")
    assert sorted(row.inventory for row in rows_of(office, "Low stock")) == [0, 5]


def test_dead_letters_lead_to_their_list(office):
    for number, status in enumerate(("dead", "dead", "pending", "sent")):
        OutboxMessage.objects.create(kind="test", key=f"test:{number}", status=status)
    assert values(office)["Dead letters"] == len(rows_of(office, "Dead letters")) == 2


ORDERS = ["Revenue today", "Orders to ship", "Failed payments"]


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        ("support", ORDERS),
        ("manager", ["Low stock"]),
        ("admin", [*ORDERS, "Low stock", "Dead letters"]),
    ],
)
def test_each_role_sees_the_numbers_of_its_lists(role, titles):
    office = office_of(factories.user(role=role))
    response = office.get(reverse("admin:index"))
    assert [tile.title for tile in response.context["tiles"]] == titles
    assert ("Revenue of the last" in response.content.decode()) == (role != "manager")
    for tile in response.context["tiles"]:
        assert office.get(tile.url).status_code == 200


def test_an_empty_shop_shows_zeros_and_how_to_begin(office):
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


def test_staff_who_may_not_add_products_are_not_asked_to(support):
    assert "Add your first product" not in office_of(support).get(reverse("admin:index")).content.decode()


def test_every_number_is_counted_with_an_index(customer):
    """MongoDB examines only the rows that it counts."""
    orders = [buy(customer, "1.00") for _ in range(4)]
    Order.objects.filter(pk=orders[0].pk).update(paid_at=timezone.now() - timedelta(days=9))
    Order.objects.filter(pk=orders[1].pk).update(fulfilment="delivered")
    Order.objects.filter(pk=orders[2].pk).update(refund_status="full")
    Payment.objects.filter(order=orders[0]).update(status="failed")
    now = timezone.now()
    recent = {"created_at__gte": now - timedelta(days=7), "created_at__lt": now + timedelta(days=1)}
    for rows, index, count in (
        (
            Order.objects.filter(paid_at__gte=now - timedelta(days=1), currency="usd"),
            "orders_by_paid_at",
            3,
        ),
        (Order.objects.to_ship(), "orders_to_ship", 2),
        (Payment.objects.filter(status="failed", **recent), ("payments_of_status", "payments_by_status"), 1),
        (Product.objects.visible().filter(inventory__lte=9), ("products_by_stock", "products_by_id"), 4),
        (Refund.objects.filter(status="failed"), "refunds_in_order", 0),
        (OutboxMessage.objects.filter(status="dead"), ("outbox_due", "outbox_by_status"), 0),
    ):
        plan = plan_of(rows)
        assert plan.index in index  # the embedded MongoDB uses the first suitable index, MongoDB the best
        assert (plan.examined, plan.returned) == (count, count), index
