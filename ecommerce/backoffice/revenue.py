"""What the shop took, by the days on which its orders were paid, in the time zone of the settings."""

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
    """Of the orders paid on one day: with shipping and tax, less what of them was refunded since."""

    day: date
    orders: int = 0
    paid: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        return self.paid - self.refunded


def last_days(count: int) -> list[Takings]:
    """So many days, the oldest first, today included; one with no order is there with zeros."""
    first = timezone.localdate() - timedelta(days=count - 1)
    found = {each.day: each for each in _by_day(start_of(first))}
    days = (first + timedelta(days=number) for number in range(count))
    return [found.get(day) or Takings(day) for day in days]


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _by_day(start: datetime) -> Iterator[Takings]:
    """In the shop's currency alone: sums of several would be sums of nothing.

    Summed up by MongoDB, which reads the days of a time zone, as Django's TruncDate does not here.
    """
    zone = timezone.get_current_timezone_name()
    day = {"$dateToString": {"date": "$paid_at", "format": "%Y-%m-%d", "timezone": zone}}
    sums = {"orders": {"$sum": 1}, "paid": {"$sum": "$total"}, "refunded": {"$sum": "$refund_requested"}}
    these = {"paid_at": {"$gte": start}, "currency": settings.CURRENCY}
    for row in collection(Order).aggregate([{"$match": these}, {"$group": {"_id": day, **sums}}]):
        paid, refunded = row["paid"].to_decimal(), row["refunded"].to_decimal()
        yield Takings(date.fromisoformat(row["_id"]), row["orders"], paid, refunded)
