"""`fsck` reports each invariant that a write without a service has violated."""

import io

import pytest
from bson import Decimal128, ObjectId
from django.core.management import CommandError, call_command

from catalog.services import delete_product
from ecommerce.core.db import connection
from orders.fulfilment import services as fulfilment
from payments.staff_actions import cancel_order
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.database import Snapshot

pytestmark = pytest.mark.django_db
PARTLY_REFUNDED = {"$set": {"refund_requested": Decimal128("1.00"), "refund_status": "partial"}}


def fsck():
    """Run the command and return the lines of its report."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("fsck", stdout=out, stderr=err)
    except CommandError:
        return err.getvalue().splitlines()
    return out.getvalue().splitlines()


NO_VIOLATIONS = ["No violations."]


@pytest.fixture(scope="module")
def snapshots() -> list[Snapshot]:
    return []


@pytest.fixture
def shop(db, snapshots):
    """A shop with orders in every status, a cart and a deleted product."""
    if snapshots:
        snapshots[0].restore()
    else:
        _sell_in_every_way(factories.user("customer@example.com"), factories.user("staff@example.com"))
        snapshots.append(Snapshot())
    return connection.database


def _sell_in_every_way(customer, staff):
    customer_api = api_of(customer)
    sold, gone = factories.product(slug="sold"), factories.product(slug="gone")
    for outcome in ("success", "failure", "canceled"):
        order = factories.order(customer, (sold, 2))
        customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome={outcome}")
    for step in ("shipped", "canceled"):
        order = factories.order(customer, (sold, 1))
        customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}")
        if step == "shipped":
            fulfilment.ship(order, by=staff, carrier="UPS", tracking_number=step)
        else:
            cancel_order(order, by=staff)
    factories.order(customer, (sold, 1), (gone, 1))
    customer_api.post("/api/v1/cart/add", {"product_id": sold.product_id, "qty": 1})
    delete_product(pk=gone.pk)


def test_a_shop_with_orders_in_every_status_has_no_violations(shop):
    assert fsck() == NO_VIOLATIONS


def test_an_empty_shop_has_no_violations():
    assert fsck() == NO_VIOLATIONS


def duplicate(collection, query, **changed):
    """Insert a copy of a document."""
    document = collection.find_one(query)
    collection.insert_one(document | {"_id": ObjectId(), **changed})


WRITES = {
    "stock without a movement": (
        lambda db: db.products.update_one({"slug": "sold"}, {"$inc": {"inventory": 1}}),
        "product sold: inventory 8, movements sum to 7",
    ),
    "a movement without stock": (
        lambda db: duplicate(db.stock_movements, {"reason": "initial", "quantity": 10}, key="x", quantity=5),
        "movements sum to",
    ),
    "a movement lost": (
        lambda db: db.stock_movements.delete_one({"reason": "initial"}),
        "movements sum to",
    ),
    "negative stock": (
        lambda db: db.products.update_one({"slug": "sold"}, {"$set": {"inventory": -1}}),
        "product sold: inventory -1 is negative",
    ),
    "a product without movements": (
        lambda db: db.products.insert_one(
            db.products.find_one() | {"_id": ObjectId(), "slug": "x", "product_id": 1_000_000}
        ),
        "movements sum to None",
    ),
    "a counter that is behind": (
        lambda db: db.counters.update_one({"_id": "product_id"}, {"$set": {"value": 0}}),
        "the product_id counter is behind",
    ),
    "a former slug that is in use": (
        lambda db: db.old_slugs.insert_one({"_id": "product:sold", "target": db.products.find_one()["_id"]}),
        "old slug product:sold is in use",
    ),
    "a former slug of nothing": (
        lambda db: db.old_slugs.insert_one({"_id": "category:x", "target": ObjectId()}),
        "old slug category:x leads to nothing",
    ),
    "a deleted product with stock": (
        lambda db: db.stock_movements.delete_one({"reason": "closed"}),
        "deleted product",
    ),
    "a paid order without a sale": (
        lambda db: db.orders.update_one({"status": "failed"}, {"$set": {"status": "paid"}}),
        "(paid): took {}",
    ),
    "a sale of an unpaid order": (
        lambda db: db.orders.update_one({"status": "paid"}, {"$set": {"status": "pending"}}),
        "(pending): took",
    ),
    "a sale of no order": (
        lambda db: db.orders.delete_one({"status": "paid"}),
        "there is no order",
    ),
    "a total that is not the sum": (
        lambda db: db.orders.update_one({}, {"$set": {"total": Decimal128("0.01")}}),
        "total 0.01 is not the sum of its parts",
    ),
    "a line that does not add up": (
        lambda db: db.orders.update_one({}, {"$set": {"items.0.line_total": Decimal128("1.00")}}),
        "does not add up",
    ),
    "an unknown status": (
        lambda db: db.orders.update_one({"status": "pending"}, {"$set": {"status": "lost"}}),
        "unknown status lost",
    ),
    "an unknown fulfilment": (
        lambda db: db.orders.update_one({"fulfilment": "shipped"}, {"$set": {"fulfilment": "lost"}}),
        "(lost): unknown fulfilment",
    ),
    "an unpaid order that was packed": (
        lambda db: db.orders.update_one({"status": "pending"}, {"$set": {"fulfilment": "packed"}}),
        "(packed): but the order is pending",
    ),
    "a shipped order without its time": (
        lambda db: db.orders.update_one({"fulfilment": "shipped"}, {"$set": {"shipped_at": None}}),
        "(shipped): shipped at None",
    ),
    "a parcel without a carrier": (
        lambda db: db.orders.update_one({"fulfilment": "shipped"}, {"$set": {"carrier": ""}}),
        "(shipped): its carrier is ''",
    ),
    "a step without an audit entry": (
        lambda db: db.audit_entries.delete_one({"action": "order.ship"}),
        "(shipped): 0 entries order.ship",
    ),
    "a step with two audit entries": (
        lambda db: duplicate(db.audit_entries, {"action": "order.ship"}),
        "(shipped): 2 entries order.ship",
    ),
    "a parcel without a mail": (
        lambda db: db.outbox.delete_one({"kind": "order_shipped"}),
        "a mail tells of the parcel: False",
    ),
    "a mail about a parcel that is not shipped": (
        lambda db: db.outbox.update_one(
            {"kind": "order_shipped"},
            {"$set": {"payload.order": str(db.orders.find_one({"status": "pending"})["_id"])}},
        ),
        "a mail tells of the parcel: True",
    ),
    "a refund without an audit entry": (
        lambda db: db.audit_entries.delete_one({"action": "order.refund"}),
        "1 refunds, but 0 audit entries of refunds",
    ),
    "a refund that the order does not count": (
        lambda db: db.orders.update_one(
            {"fulfilment": "canceled"},
            PARTLY_REFUNDED,
        ),
        "only 1.00 of 79.99 goes back",
    ),
    "a wrong refund status": (
        lambda db: db.orders.update_one({"fulfilment": "canceled"}, {"$set": {"refund_status": "none"}}),
        "refund status none, 79.99 refunded",
    ),
    "a refund without a row": (
        lambda db: db.orders.update_one(
            {"fulfilment": "shipped"},
            PARTLY_REFUNDED,
        ),
        "1.00 refunded, 0.00 back, not",
    ),
    "a completed amount that the provider did not pay": (
        lambda db: db.orders.update_one(
            {"fulfilment": "canceled"}, {"$set": {"refund_completed": Decimal128("1.00")}}
        ),
        "79.99 refunded, 1.00 back, not",
    ),
    "goods that were not restocked": (
        lambda db: db.stock_movements.delete_one({"reason": "restock"}),
        "not put back: ",
    ),
    "restocked goods of a sold order": (
        lambda db: db.stock_movements.update_one(
            {"reason": "restock"}, {"$set": {"order": db.orders.find_one({"fulfilment": "shipped"})["_id"]}}
        ),
        "with 0.00 of 79.99 refunded",
    ),
    "goods that were restocked twice": (
        lambda db: duplicate(db.stock_movements, {"reason": "restock"}, key="x"),
        "put back {",
    ),
    "a cart line over the limit": (
        lambda db: db.carts.update_one({}, {"$set": {"items.0.qty": 100}}),
        "a quantity is out of range",
    ),
    "a product twice in a cart": (
        lambda db: db.carts.update_one({}, {"$push": {"items": db.carts.find_one()["items"][0]}}),
        "a product has two lines",
    ),
    "too many lines": (
        lambda db: db.carts.update_one(
            {}, {"$set": {"items": [{"product_id": n, "qty": 1} for n in range(51)]}}
        ),
        "51 lines",
    ),
    "an e-mail in capitals": (
        lambda db: db.users.update_one({}, {"$set": {"email": "Loud@example.com"}}),
        "the e-mail is not stored as",
    ),
    "an unknown role": (
        lambda db: db.users.update_one({}, {"$set": {"role": "root"}}),
        "unknown role root",
    ),
}


@pytest.mark.parametrize(("write", "report"), WRITES.values(), ids=WRITES.keys())
def test_a_violation_is_reported(shop, write, report):
    write(shop)
    assert any(report in line for line in fsck()), fsck()


def test_a_line_sold_twice_is_reported(shop):
    sale = shop.stock_movements.find_one({"reason": "sale"})
    shop.stock_movements.insert_one(sale | {"_id": ObjectId(), "key": "twice"})
    shop.products.update_one({"slug": "sold"}, {"$inc": {"inventory": -2}})
    assert any("(paid): took" in line for line in fsck())


def test_the_command_fails_with_the_number_of_violations(shop):
    shop.carts.update_one({}, {"$set": {"items.0.qty": 100}})
    shop.users.update_one({}, {"$set": {"role": "root"}})
    with pytest.raises(CommandError, match=r"^2 violations\.$"):
        call_command("fsck", stderr=io.StringIO())
