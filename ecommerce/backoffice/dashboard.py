"""The first page of the back office: what wants doing today, each number a link to just the rows it counts.

Whoever may not see a list is not told its number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from cart.totals import ZERO
from catalog.models import LOW_STOCK, Product
from ecommerce.backoffice import revenue
from ecommerce.backoffice.revenue import Takings
from ecommerce.core.models import OutboxMessage
from ecommerce.core.text.money import as_text
from ecommerce.core.web.admin import list_url
from ecommerce.core.web.http import signed_in
from orders.models import Order
from payments.models import Payment, Refund

DAYS = 30
FAILED_DAYS = 7


@dataclass(frozen=True)
class Tile:
    title: str
    value: str | int
    note: str
    url: str
    alarm: bool = False  # somebody has to see to it


@dataclass(frozen=True)
class Bar:
    """A day of the chart, in percent of its width and height."""

    takings: Takings
    label: str
    x: float
    height: float

    @property
    def y(self) -> float:
        return 100 - self.height


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What django-unfold calls for its index page."""
    may = signed_in(request).has_perm
    days = revenue.last_days(DAYS) if may("orders.view_order") else []
    tiles = [tile for permission, tiles_of in PARTS.items() if may(permission) for tile in tiles_of(days)]
    return {
        **context,
        "tiles": tiles,
        "chart": _chart(days),
        "day_zone": timezone.get_current_timezone_name(),
        "is_empty": may("catalog.add_product") and not Product.objects.exists(),
    }


def _orders(days: list[Takings]) -> Iterator[Tile]:
    today = days[-1]
    start = revenue.start_of(today.day)
    paid_today = _list(
        Order,
        paid_at__gte=start,
        paid_at__lt=revenue.start_of(today.day + timedelta(days=1)),
        currency=settings.CURRENCY,
    )
    note = f"{_counted(today.orders, 'order')} paid"
    if today.refunded:
        note += f", {as_text(today.refunded)} refunded"
    yield Tile("Revenue today", as_text(today.kept), note, paid_today)
    waiting = Order.objects.to_ship().count()
    yield Tile("Orders to ship", waiting, "Paid, not yet with a carrier", _list(Order, to_ship="yes"))
    recent = _past_week()
    if failed := Order.objects.filter(status=Order.Status.FAILED, **recent).count():
        url = _list(Order, status__exact="failed", **recent)
        yield Tile("Failed orders", failed, f"Declined or sold out, past {FAILED_DAYS} days", url)


def _failed_payments(days: list[Takings]) -> Iterator[Tile]:
    recent = _past_week()
    failed = Payment.objects.filter(status=Payment.Status.FAILED, **recent).count()
    url = _list(Payment, status__exact="failed", **recent)
    yield Tile("Failed payments", failed, f"Declined, past {FAILED_DAYS} days", url)


def _past_week() -> dict[str, datetime]:
    """As Django's own filter by date has it, which then shows as chosen."""
    today = timezone.localdate()
    ends = (today - timedelta(days=FAILED_DAYS), today + timedelta(days=1))
    return dict(zip(("created_at__gte", "created_at__lt"), map(revenue.start_of, ends), strict=True))


def _failed_refunds(days: list[Takings]) -> Iterator[Tile]:
    """Nothing sends these again by itself, so they are shown where there are any."""
    if failed := Refund.objects.filter(status=Refund.Status.FAILED).count():
        url = _list(Refund, status__exact="failed")
        yield Tile("Failed refunds", failed, "Send them again, or pay by hand", url, alarm=True)


def _low_stock(days: list[Takings]) -> Iterator[Tile]:
    low = Product.objects.visible().filter(inventory__lte=LOW_STOCK)
    sold_out = low.filter(inventory__lte=0).count()
    note = f"{LOW_STOCK} or fewer left, {sold_out} sold out"
    yield Tile("Low stock", low.count(), note, _list(Product, stock="low", is_active__exact=1))


def _dead_letters(days: list[Takings]) -> Iterator[Tile]:
    dead = OutboxMessage.objects.filter(status=OutboxMessage.Status.DEAD).count()
    url = _list(OutboxMessage, status__exact="dead")
    yield Tile("Dead letters", dead, "Mails and refunds that were given up", url, alarm=dead > 0)


PARTS: dict[str, Callable[[list[Takings]], Iterator[Tile]]] = {
    "orders.view_order": _orders,
    "payments.view_payment": _failed_payments,
    "payments.view_refund": _failed_refunds,
    "catalog.view_product": _low_stock,
    "ecommerce.view_outboxmessage": _dead_letters,
}


def _list(model: type[Model], **filters: object) -> str:
    return f"{list_url(model)}?{urlencode(filters)}"


def _chart(days: list[Takings]) -> dict[str, Any] | None:
    """Bars as high as their part of the best day; none at all before the first sale."""
    if not days:
        return None
    best = max(day.kept for day in days)
    bars = [
        Bar(
            takings=day,
            label=f"{date_format(day.day, 'j M')}: {as_text(day.kept)}, {_counted(day.orders, 'order')}",
            x=round(100 * at / len(days), 3),
            height=round(float(100 * day.kept / best), 2) if best else 0.0,
        )
        for at, day in enumerate(days)
    ]
    total = sum((day.kept for day in days), start=ZERO)
    return {"bars": bars, "width": round(70 / len(days), 3), "best": as_text(best), "total": as_text(total)}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
