"""`make lighthouse`: measure every page on a phone with Lighthouse, against the goals of docs/design.md.

It starts a shop as production serves it. Scores and weights are the same on every machine, so one below its
goal is a failure. Times depend on the machine, so they are only marked.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Playwright, sync_playwright

from ecommerce.devserver.file_lock import wait_until
from tests.journeys.api import Api
from tests.journeys.conftest import launch
from tests.journeys.scene import TO, signed_in
from tests.journeys.shopper import PASSWORD
from tests.lighthouse.measuring import Lighthouse, install
from tests.lighthouse.table import PAGES, Row, header, verdict
from tests.runshop.shop import LAST_LINE, Shop

RUNS = int(os.environ.get("RUNS") or 5)
LIMITS = dict.fromkeys(
    ("AUTH_RATE_LIMIT", "MISS_RATE_LIMIT", "PRODUCT_RATE_LIMIT", "READ_RATE_LIMIT"), "100000/m"
)
STARTING = 300  # seconds; the first start compresses the static files
CUSTOMER = "customer@example.com"


def main() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        sys.exit(
            "make lighthouse needs Node.js 18.20 or newer with npm (https://nodejs.org); neither was found."
        )
    install()
    with TemporaryDirectory(prefix="shop-lighthouse-") as folder, sync_playwright() as playwright:
        shop = Shop(Path(folder), **LIMITS)
        try:
            wait_until(lambda: LAST_LINE in shop.output() or shop.process.poll() is not None, STARTING)
            if LAST_LINE not in shop.output():
                sys.exit(f"The shop did not start:\n{shop.output()}")
            sys.exit(measure(playwright, f"http://localhost:{shop.port}", Path(folder)))
        finally:
            shop.clean_up()


def measure(playwright: Playwright, address: str, folder: Path) -> int:
    """Measure every page, print the table, and return the exit status."""
    order, cookie = customer(playwright, address)
    lighthouse = Lighthouse(playwright, folder)
    print(header(RUNS))  # noqa: T201
    rows = []
    for page in PAGES:
        url = address + page.path.format(order=order)
        reports = [lighthouse.report(url, page, cookie if page.signed_in else "") for _ in range(RUNS)]
        rows.append(Row(page, reports))
        print(rows[-1], flush=True)  # noqa: T201
    print(verdict(rows))  # noqa: T201
    return int(any(row.below for row in rows))


def customer(playwright: Playwright, address: str) -> tuple[str, str]:
    """Create a customer with a cart and a paid order; return the order's number and the browser's cookies."""
    browser = launch(playwright)
    api = Api(browser.new_context(base_url=address).request, CUSTOMER, PASSWORD, new=True)
    for product in (16, 9):
        api.post("cart/add", {"product_id": product, "qty": 1})
    order = api.post("checkout/create-order", {"shipping_address": TO})["order_id"]
    api.post(f"payments/confirm?order_id={order}")
    for product in (8, 2):
        api.post("cart/add", {"product_id": product, "qty": 1})
    number = api.get(f"orders/{order}")["number"]
    cookies = signed_in(browser, address, CUSTOMER)["cookies"]
    browser.close()
    return number, "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)


if __name__ == "__main__":
    main()
