"""Sales at a steady rate, by the service that takes the lines of a paid order from the stock.

    manage.py shell --command "from tests.bench.sales import serve; serve()"

For each line on its input, a rate and a number of seconds, it sells and answers how much it has sold. That
is cheaper than whole purchases, of which the embedded MongoDB makes fewer in a second.
"""

import sys
import time

from bson import ObjectId

from catalog import stock
from catalog.models import Product
from ecommerce.core.db import run_tx
from tests.bench.throughput import SLUG

STOCK = 100_000


def serve() -> None:
    product = Product.objects.get(slug=SLUG)
    run_tx(lambda: stock.set_level(product.pk, level=STOCK))
    line = stock.SaleLine(product.pk, 1, product.name)
    print("ready", flush=True)  # noqa: T201
    for order in sys.stdin:
        rate, seconds = map(float, order.split())
        print(_sell(rate, seconds, line), flush=True)  # noqa: T201


def _sell(rate: float, seconds: float, line: stock.SaleLine) -> int:
    sold, start = 0, time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        time.sleep(max(0, sold / rate - elapsed))
        run_tx(lambda: stock.sell([line], order=ObjectId()))
        sold += 1
    return sold
