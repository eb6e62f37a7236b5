"""Revenue by the day on which orders were paid, in the time zone of the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from cart.totals import ZERO
from ecommerce.core.db import collection
from orders.models import Order


@dataclass(frozen=True)
class Takings:
    """The sums of the orders paid on one day, with shipping and tax, and of their refunds since."""

    day: date
    orders: int = 0
    paid: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        return self.paid - self.refunded


def last_days(count: int) -> list[Takings]:
    """Return this number of days up to today, the oldest first, with zeros for days without orders."""
    first = timezone.localdate() - timedelta(days=count - 1)
    by_day = {takings.day: takings for takings in _takings_since(start_of(first))}
    days = (first + timedelta(days=number) for number in range(count))
    return [by_day.get(day) or Takings(day) for day in days]


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _takings_since(start: datetime) -> Iterator[Takings]:
    """Yield the days with orders in the shop's currency: amounts in several currencies cannot be added up.

    By a raw aggregation, since this backend's TruncDate ignores the time zone.
    """
    zone = timezone.get_current_timezone_name()
    day = {"$dateToString": {"date": "$paid_at", "format": "%Y-%m-%d", "timezone": zone}}
    sums = {"orders": {"$sum": 1}, "paid": {"$sum": "$total"}, "refunded": {"$sum": "$refund_requested"}}
    paid_since = {"paid_at": {"$gte": start}, "currency": settings.CURRENCY}
    for row in collection(Order).aggregate([{"$match": paid_since}, {"$group": {"_id": day, **sums}}]):
        paid, refunded = row["paid"].to_decimal(), row["refunded"].to_decimal()
        yield Takings(date.fromisoformat(row["_id"]), row["orders"], paid, refunded)
