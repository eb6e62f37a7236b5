"""Purchases from the home page to a paid order, in different browsers."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.api import Api
from tests.journeys.inspection import SPACE_TEXT
from tests.journeys.shopper import PASSWORD, Shopper

FORM = "application/x-www-form-urlencoded"
NewShopper = Callable[..., Shopper]
WAYS = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@pytest.mark.parametrize(("width", "script"), [(1280, True), (390, True), (1280, False), (320, False)])
def test_a_guest_finds_a_product_buys_it_and_makes_an_account(
    new_shopper: NewShopper, width: int, script: bool
) -> None:
    shopper = new_shopper(width, script=script)
    buy_a_backpack(shopper)
    page = shopper.page
    order = page.url
    page.get_by_label("Password").fill(PASSWORD)
    shopper.press("Make an account")
    expect(page.get_by_role("heading", name="Keep this order in an account")).to_be_hidden()
    assert page.url == order
    page.goto("/orders/")
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(1)
    shopper.expect_no_errors()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_guest_buys_with_spaced_text(new_shopper: NewShopper, width: int) -> None:
    """The browser's driver presses only buttons that are visible and not covered."""
    shopper = new_shopper(width)
    shopper.page.add_init_script(f"({SPACE_TEXT})()")
    buy_a_backpack(shopper)
    heading = shopper.page.get_by_role("heading", level=1)
    assert heading.evaluate("h1 => getComputedStyle(h1).letterSpacing") != "normal"
    shopper.expect_no_errors()


def buy_a_backpack(shopper: Shopper) -> None:
    page = shopper.page
    page.goto("/")
    page.get_by_role("searchbox").first.fill("backpack")
    page.get_by_role("searchbox").first.press("Enter")
    page.get_by_role("link", name="Casual Backpack 30L").first.click()
    shopper.press("Add to cart")
    shopper.expect_text("is in your cart")
    shopper.check_out()
    shopper.press("Pay $79.99")
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")
    expect(page.locator("#cart-count")).to_have_text("0")


@WAYS
def test_signing_in_at_the_checkout_brings_the_cart_along(new_shopper: NewShopper, script: bool) -> None:
    known = new_shopper(script=script).sign_up()
    shopper = new_shopper(script=script).add_to_cart("yoga-mat-premium")
    page = shopper.page
    page.goto("/checkout/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(known.email)
    page.get_by_label("Password").fill(PASSWORD)
    shopper.press("Sign in")
    expect(page.get_by_label("E-mail")).to_have_value(known.email)
    shopper.fill_in_address()
    shopper.press("Pay $49.99")
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")


def test_a_forgotten_field_loses_nothing_that_was_typed(new_shopper: NewShopper) -> None:
    shopper = new_shopper(390).add_to_cart("yoga-mat-premium").check_out()
    page = shopper.page
    page.get_by_label("City").fill("")
    shopper.press("Pay $49.99")
    page.get_by_role("link", name="City: This field is required.").click()
    expect(page.get_by_label("City")).to_be_focused()
    expect(page.get_by_label("Full name")).to_have_value("Zoë Müller")
    page.get_by_label("City").fill("Köln")
    shopper.press("Pay $49.99")
    shopper.expect_text("Payment succeeds")


@WAYS
def test_a_declined_payment_can_be_repeated(new_shopper: NewShopper, script: bool) -> None:
    shopper = new_shopper(script=script).sign_up().add_to_cart("yoga-mat-premium").check_out()
    shopper.press("Pay $49.99")
    shopper.press("The bank declines")
    shopper.expect_text("The payment was declined.")
    shopper.press("Try again")
    shopper.expect_text("Your cart")
    shopper.check_out()
    shopper.press("Pay $49.99")
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")


def test_the_page_of_a_pending_payment_reloads_itself(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up().add_to_cart("yoga-mat-premium").check_out()
    shopper.press("Pay $49.99")
    shopper.press("Still pending")
    shopper.expect_text("Still waiting for the bank")
    with shopper.page.expect_navigation(timeout=15_000):
        pass
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")


def test_a_double_click_on_pay_makes_one_order(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up().add_to_cart("yoga-mat-premium").check_out()
    shopper.page.get_by_role("button", name="Pay $49.99").dblclick()
    shopper.expect_text("Payment succeeds")
    assert orders_of(shopper) == 1


def test_going_back_from_payment_makes_no_second_order(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up().add_to_cart("yoga-mat-premium").check_out()
    shopper.press("Pay $49.99")
    shopper.expect_text("Payment succeeds")
    shopper.page.go_back()  # the checkout is loaded again, and the cart is empty
    shopper.expect_text("Your cart is empty")
    shopper.page.go_forward()
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")
    assert orders_of(shopper) == 1


@WAYS
def test_paying_again_by_refresh_makes_no_second_order(new_shopper: NewShopper, script: bool) -> None:
    """Reload the page after Pay, then repeat the request of Pay itself, as if its redirect was lost."""
    shopper = new_shopper(script=script).sign_up().add_to_cart("yoga-mat-premium").check_out()
    page, sent = shopper.page, []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    shopper.press("Pay $49.99")
    shopper.expect_text("Payment succeeds")
    page.reload()
    shopper.expect_text("Payment succeeds")
    pay, forwarded = sent  # the redirect keeps the method
    assert forwarded.redirected_from == pay
    again = page.request.post(pay.url, data=pay.post_data, headers={"Content-Type": FORM})
    assert again.url == page.url
    assert orders_of(shopper) == 1


def test_the_cart_follows_the_stepper_and_undoes_a_removal(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up().add_to_cart("yoga-mat-premium")
    page = shopper.page
    page.goto("/cart/")
    more = page.get_by_role("button", name="One more Yoga Mat Premium")
    more.click()
    expect(page.get_by_label("Quantity of Yoga Mat Premium")).to_have_value("2")
    expect(more).to_be_focused()
    expect(page.get_by_role("status").first).to_have_text(re.compile("2 items"))
    shopper.press("Remove Yoga Mat Premium")
    shopper.expect_text("was removed")
    shopper.press("Undo")
    expect(page.get_by_label("Quantity of Yoga Mat Premium")).to_have_value("2")
    shopper.expect_no_errors()


def test_an_order_placed_in_the_api_is_paid_on_the_pages(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up()
    api = api_of(shopper)
    api.post("cart/add", {"product_id": 16, "qty": 1})
    api.post("checkout/create-order")
    shopper.page.goto("/orders/")
    shopper.page.get_by_role("main").get_by_role("link").first.click()
    shopper.press("Pay $49.99")
    shopper.press("Payment succeeds")
    shopper.expect_text("Thank you")
    assert api.get("orders")[0]["status"] == "paid"


def test_an_order_placed_on_the_pages_is_paid_in_the_api(new_shopper: NewShopper) -> None:
    shopper = new_shopper().sign_up().add_to_cart("yoga-mat-premium").check_out()
    shopper.press("Pay $49.99")
    shopper.expect_text("Payment succeeds")
    api = api_of(shopper)
    [order] = api.get("orders")
    assert api.post(f"payments/confirm?order_id={order['id']}")["status"] == "paid"
    shopper.page.goto(f"/orders/{order['number']}/")
    shopper.expect_text("Thank you")


def api_of(shopper: Shopper) -> Api:
    """Return a client of the API for the same customer."""
    return Api(shopper.page.request, shopper.email, PASSWORD)


def orders_of(shopper: Shopper) -> int:
    return len(api_of(shopper).get("orders"))
