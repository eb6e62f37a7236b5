"""A product whose name is a script shows that name everywhere, and a real browser runs no script."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.journeys.api import ADMIN, ADMIN_PASSWORD, Api
from tests.journeys.conftest import SETTINGS
from tests.journeys.inspection import TELL_VIOLATIONS, facts_of
from tests.journeys.shopper import Shopper
from tests.races.server import manage

ENDS_SCRIPT = "</script><script>alert(1)</script>"
ENDS_ATTRIBUTE = """"'><img src=x onerror=alert(1)> " onfocus="alert(1)" autofocus x='"""
Named = dict[str, str]


class WatchfulShopper(Shopper):
    """A shopper who also records dialogs, and everything that the security policy refuses."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        page.add_init_script(TELL_VIOLATIONS)
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.errors.append("a dialog")
        dialog.dismiss()


@pytest.fixture
def shopper(new_page: Callable[..., Page]) -> WatchfulShopper:
    return WatchfulShopper(new_page())


@pytest.fixture
def named(new_page: Callable[..., Page]) -> Iterator[Named]:
    """Two products with hostile names, by slug; they are hidden again after the test."""
    admin = Api(new_page().request, ADMIN, ADMIN_PASSWORD)
    word = uuid4().hex
    products = [
        admin.post(
            "admin/products",
            {
                "name": f"{word} {name}",
                "slug": str(uuid4()),
                "description": name,
                "category": f"{word} {name}",
                "price": 5,
                "compare_at_price": 9,
                "inventory": 9,
            },
        )
        for name in (ENDS_SCRIPT, ENDS_ATTRIBUTE)
    ]
    yield {product["slug"]: product["name"] for product in products}
    for product in products:
        admin.patch(f"admin/products/{product['id']}", {"is_active": False})


def test_a_hostile_name_is_text_on_every_page_and_in_the_mail(shopper: WatchfulShopper, named: Named) -> None:
    page = shopper.page
    for slug, name in named.items():
        for path in ("/", "/products/?sort=newest", f"/products/?q={name.split()[0]}"):
            page.goto(path)
            expect(page.get_by_role("main").get_by_role("link", name=name).first).to_be_visible()
        page.goto(f"/products/{slug}/")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        assert [fact["name"] for fact in facts_of(page) if fact["@type"] == "Product"] == [name]
        assert page.locator('meta[property="og:title"]').get_attribute("content") == name
        shopper.press("Add to cart")
        expect(page.locator(".toast")).to_contain_text(name)
    page.goto("/cart/")
    shopper.press(f"Remove {name}")
    expect(page.locator("[data-say]", has_text=f"{name} was removed.")).to_be_visible()
    shopper.press("Undo")
    shopper.check_out()
    page.get_by_label("Full name").fill(ENDS_SCRIPT)
    page.get_by_label("City").fill(ENDS_ATTRIBUTE)
    shopper.press("Pay $10.00")
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")
    for name in named.values():
        expect(page.get_by_role("main").get_by_role("link", name=name)).to_be_visible()
    assert ENDS_ATTRIBUTE in page.get_by_role("main").inner_text()
    assert set(named.values()) <= set(names_in_the_mail(shopper))
    shopper.expect_no_errors()


def names_in_the_mail(shopper: WatchfulShopper) -> list[str]:
    """Return the lines of the mail as a mail program without any protection shows them."""
    manage(SETTINGS, "run_due_tasks")
    page = shopper.page
    page.goto("/dev/mails/")
    sent_to_us = page.get_by_role("row").filter(has_text=shopper.email)
    [address] = {row.get_by_role("link").get_attribute("href") for row in sent_to_us.all()}
    html = page.request.get(f"{address}html/").text()
    page.goto("about:blank")
    page.set_content(html)
    return page.locator("body").inner_text().split("\n")


def test_a_hostile_name_is_text_in_the_admin(shopper: WatchfulShopper, named: Named) -> None:
    page = shopper.page
    page.goto("/admin/login/?next=/admin/catalog/product/")
    page.locator("[name=username]").fill(ADMIN)
    page.locator("[name=password]").fill(ADMIN_PASSWORD)
    page.locator("[name=password]").press("Enter")
    for name in named.values():
        page.goto(f"/admin/catalog/product/?q={name.split()[0]}")
        page.get_by_role("link", name=name).first.click()
        expect(page.locator("[name=name]")).to_have_value(name)
    page.goto("/admin/orders/order/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.locator("h1, h2").first).to_be_visible()
    assert "a dialog" not in shopper.errors


@pytest.mark.parametrize("name", [ENDS_SCRIPT, ENDS_ATTRIBUTE])
def test_each_of_them_would_be_heard(shopper: WatchfulShopper, name: str) -> None:
    """The control: printed as they are."""
    shopper.page.set_content(f'<script type="application/ld+json">{name}</script><input value="{name}">')
    assert "a dialog" in shopper.errors


def test_what_the_policy_stops_would_be_heard(shopper: WatchfulShopper) -> None:
    shopper.page.goto("/")
    with shopper.page.expect_console_message(lambda message: "policy script-src" in message.text):
        shopper.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", ENDS_ATTRIBUTE)
    assert shopper.errors
