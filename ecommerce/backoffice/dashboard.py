"""The first page of the back office: the tasks of today. Each number links to the rows that it counts.

A staff member sees the numbers of those lists only that their role may view.
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
    alarm: bool = False  # it needs attention


@dataclass(frozen=True)
class Bar:
    """A day in the chart, in percent of the chart's width and height."""

    takings: Takings
    label: str
    x: float
    height: float

    @property
    def y(self) -> float:
        return 100 - self.height


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the page, with the tiles and the chart. django-unfold calls this."""
    has_permission = signed_in(request).has_perm
    days = revenue.last_days(DAYS) if has_permission("orders.view_order") else []
    tiles: list[Tile] = []
    for permission, make_tiles in TILES_BY_PERMISSION.items():
        if has_permission(permission):
            tiles += make_tiles(days)
    return {
        **context,
        "tiles": tiles,
        "chart": _chart(days),
        "day_zone": timezone.get_current_timezone_name(),
        "is_empty": has_permission("catalog.add_product") and not Product.objects.exists(),
    }


def _order_tiles(days: list[Takings]) -> Iterator[Tile]:
    today = days[-1]
    start = revenue.start_of(today.day)
    paid_today = _filtered_list_url(
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
    yield Tile(
        "Orders to ship", waiting, "Paid, not yet with a carrier", _filtered_list_url(Order, to_ship="yes")
    )
    recent = _past_week()
    if failed := Order.objects.filter(status=Order.Status.FAILED, **recent).count():
        url = _filtered_list_url(Order, status__exact="failed", **recent)
        yield Tile("Failed orders", failed, f"Declined or sold out, past {FAILED_DAYS} days", url)


def _payment_tiles(days: list[Takings]) -> Iterator[Tile]:
    recent = _past_week()
    failed = Payment.objects.filter(status=Payment.Status.FAILED, **recent).count()
    url = _filtered_list_url(Payment, status__exact="failed", **recent)
    yield Tile("Failed payments", failed, f"Declined, past {FAILED_DAYS} days", url)


def _past_week() -> dict[str, datetime]:
    """Return the filter of the past week as Django's own filter writes it, so that it shows as chosen."""
    today = timezone.localdate()
    ends = (today - timedelta(days=FAILED_DAYS), today + timedelta(days=1))
    return dict(zip(("created_at__gte", "created_at__lt"), map(revenue.start_of, ends), strict=True))


def _refund_tiles(days: list[Takings]) -> Iterator[Tile]:
    """Yield the failed refunds if there are any: only staff can send them again."""
    if failed := Refund.objects.filter(status=Refund.Status.FAILED).count():
        url = _filtered_list_url(Refund, status__exact="failed")
        yield Tile("Failed refunds", failed, "Send them again, or pay by hand", url, alarm=True)


def _stock_tiles(days: list[Takings]) -> Iterator[Tile]:
    low = Product.objects.visible().filter(inventory__lte=LOW_STOCK)
    sold_out = low.filter(inventory__lte=0).count()
    note = f"{LOW_STOCK} or fewer left, {sold_out} sold out"
    url = _filtered_list_url(Product, stock="low", is_active__exact=1)
    yield Tile("Low stock", low.count(), note, url)


def _dead_letter_tiles(days: list[Takings]) -> Iterator[Tile]:
    dead = OutboxMessage.objects.filter(status=OutboxMessage.Status.DEAD).count()
    url = _filtered_list_url(OutboxMessage, status__exact="dead")
    yield Tile("Dead letters", dead, "Mails and refunds that were not delivered", url, alarm=dead > 0)


TILES_BY_PERMISSION: dict[str, Callable[[list[Takings]], Iterator[Tile]]] = {
    "orders.view_order": _order_tiles,
    "payments.view_payment": _payment_tiles,
    "payments.view_refund": _refund_tiles,
    "catalog.view_product": _stock_tiles,
    "ecommerce.view_outboxmessage": _dead_letter_tiles,
}


def _filtered_list_url(model: type[Model], **filters: object) -> str:
    return f"{list_url(model)}?{urlencode(filters)}"


def _chart(days: list[Takings]) -> dict[str, Any] | None:
    """Return the chart, with the height of each bar relative to the best day."""
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
