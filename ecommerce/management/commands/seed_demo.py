"""Fill the shop with demo data."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecommerce.core.db.migrating import refuse_unprepared
from ecommerce.core.progress import ProgressBar
from ecommerce.management.demo.orders import UNITS_PER_ORDER, TooLittleStock, add_orders
from ecommerce.management.demo.products import MEAN_STOCK, add_products
from orders.models import Order


class Command(BaseCommand):
    help = (
        "Fill the shop up to this many products and orders, with customers, payments, parcels, refunds, "
        "mails that count as sent, and audit entries; fsck finds no fault in them. An interrupted run can be "
        "repeated. The orders sell what is in stock, also of products that were there before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=2000, metavar="N", help="By default 2000.")
        parser.add_argument("--orders", type=int, default=5000, metavar="N", help="By default 5000.")

    def handle(self, *args: Any, products: int, orders: int, **options: Any) -> None:
        refuse_unprepared()
        if settings.IN_PRODUCTION:
            raise CommandError("Demo data does not belong in a shop with APP_ENV=production.")
        units = UNITS_PER_ORDER * max(0, orders - Order.objects.count())
        mean_stock = max(MEAN_STOCK, 2 * units // max(1, products))  # so that most products stay in stock
        self._follow("products", products, add_products(products, mean_stock=mean_stock))
        try:
            self._follow("orders", orders, add_orders(orders))
        except TooLittleStock:
            raise CommandError("Too little is in stock for so many orders: add products, too.") from None

    def _follow(self, task: str, wanted: int, totals: Iterator[int]) -> None:
        bar, total = ProgressBar(f"{task.title()} "), None
        for total in totals:
            bar.draw(total / wanted)
        bar.clear()
        self.stdout.write(f"{total} {task}." if total else f"There are {wanted} {task} or more already.")
