"""`make bench`: measure what requests cost, and write the tables to docs/performance.md.

The shop runs in processes of its own, with its own gunicorn and the real password hash. Nothing is asserted.
Compare the ratios of one run, not the times of two machines.
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ecommerce.devserver.file_lock import wait_until
from tests.bench import flash_sale, sign_in, throughput
from tests.runshop.shop import ROOT, Shop

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"
RATES = [f"{name}_RATE_LIMIT" for name in ("AUTH", "MISS", "PRODUCT", "READ", "WRITE")] + [
    "PRODUCT_RATE_LIMIT_USER"
]


@contextmanager
def running_shop() -> Iterator[Shop]:
    """Yield a shop with sample products and without rate limits."""
    with TemporaryDirectory(prefix="shop-bench-") as folder:
        shop = Shop(Path(folder), **dict.fromkeys(RATES, "999999999/m"))
        try:
            shop.wait()
            if not wait_until(shop.is_open, 60):
                sys.exit(shop.output())
            yield shop
        finally:
            shop.clean_up()


def machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} processors, {system}, Python {platform.python_version()}"


def main() -> None:
    with running_shop() as shop:
        parts = [
            f"Measured on {machine()}.",
            throughput.report(shop),
            flash_sale.report(shop),
            sign_in.report(shop.port),
        ]
    text = "\n\n".join(parts)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
