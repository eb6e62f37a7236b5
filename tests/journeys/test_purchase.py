"""From the home page to a paid order, as shoppers with different browsers do it."""

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
    buys_a_backpack(shopper)
    page = shopper.page
    order = page.url
    page.get_by_label("Password").fill(PASSWORD)
    shopper.presses("Make an account")
    expect(page.get_by_role("heading", name="Keep this order in an account")).to_be_hidden()
    assert page.url == order
    page.goto("/orders/")
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(1)
    shopper.has_no_complaint()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_guest_buys_with_spaced_text(new_shopper: NewShopper, width: int) -> None:
    """What is to be pressed is in sight and not covered: the browser's driver presses nothing else."""
    shopper = new_shopper(width)
    shopper.page.add_init_script(f"({SPACE_TEXT})()")
    buys_a_backpack(shopper)
    heading = shopper.page.get_by_role("heading", level=1)
    assert heading.evaluate("h1 => getComputedStyle(h1).letterSpacing") != "normal"
    shopper.has_no_complaint()


def buys_a_backpack(shopper: Shopper) -> None:
    page = shopper.page
    page.goto("/")
    page.get_by_role("searchbox").first.fill("backpack")
    page.get_by_role("searchbox").first.press("Enter")
    page.get_by_role("link", name="Casual Backpack 30L").first.click()
    shopper.presses("Add to cart")
    shopper.sees("is in your cart")
    shopper.checks_out()
    shopper.presses("Pay $79.99")
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")
    expect(page.locator("#cart-count")).to_have_text("0")


@WAYS
def test_signing_in_at_the_checkout_brings_the_cart_along(new_shopper: NewShopper, script: bool) -> None:
    known = new_shopper(script=script).signs_up()
    shopper = new_shopper(script=script).adds("yoga-mat-premium")
    page = shopper.page
    page.goto("/checkout/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(known.email)
    page.get_by_label("Password").fill(PASSWORD)
    shopper.presses("Sign in")
    expect(page.get_by_label("E-mail")).to_have_value(known.email)
    shopper.fills_in_the_address()
    shopper.presses("Pay $49.99")
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")


def test_a_forgotten_field_loses_nothing_that_was_typed(new_shopper: NewShopper) -> None:
    shopper = new_shopper(390).adds("yoga-mat-premium").checks_out()
    page = shopper.page
    page.get_by_label("City").fill("")
    shopper.presses("Pay $49.99")
    page.get_by_role("link", name="City: This field is required.").click()
    expect(page.get_by_label("City")).to_be_focused()
    expect(page.get_by_label("Full name")).to_have_value("Zoë Müller")
    page.get_by_label("City").fill("Köln")
    shopper.presses("Pay $49.99")
    shopper.sees("Payment succeeds")


@WAYS
def test_a_declined_payment_is_tried_again(new_shopper: NewShopper, script: bool) -> None:
    shopper = new_shopper(script=script).signs_up().adds("yoga-mat-premium").checks_out()
    shopper.presses("Pay $49.99")
    shopper.presses("The bank declines")
    shopper.sees("The payment was declined.")
    shopper.presses("Try again")
    shopper.sees("Your cart")
    shopper.checks_out()
    shopper.presses("Pay $49.99")
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")


def test_a_pending_payment_asks_again_by_itself(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up().adds("yoga-mat-premium").checks_out()
    shopper.presses("Pay $49.99")
    shopper.presses("Still pending")
    shopper.sees("Still waiting for the bank")
    with shopper.page.expect_navigation(timeout=15_000):
        pass
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")


def test_a_double_click_on_pay_makes_one_order(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up().adds("yoga-mat-premium").checks_out()
    shopper.page.get_by_role("button", name="Pay $49.99").dblclick()
    shopper.sees("Payment succeeds")
    assert orders_of(shopper) == 1


def test_going_back_from_payment_makes_no_second_order(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up().adds("yoga-mat-premium").checks_out()
    shopper.presses("Pay $49.99")
    shopper.sees("Payment succeeds")
    shopper.page.go_back()  # the checkout is fetched afresh, and there is nothing left to check out
    shopper.sees("Your cart is empty")
    shopper.page.go_forward()
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")
    assert orders_of(shopper) == 1


@WAYS
def test_paying_again_by_refresh_makes_no_second_order(new_shopper: NewShopper, script: bool) -> None:
    """First of the page after Pay, then of the answer to Pay itself, as where its redirect was lost."""
    shopper = new_shopper(script=script).signs_up().adds("yoga-mat-premium").checks_out()
    page, sent = shopper.page, []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    shopper.presses("Pay $49.99")
    shopper.sees("Payment succeeds")
    page.reload()
    shopper.sees("Payment succeeds")
    [pay] = sent
    again = page.request.post(pay.url, data=pay.post_data, headers={"Content-Type": FORM})
    assert again.url == page.url
    assert orders_of(shopper) == 1


def test_the_cart_follows_the_stepper_and_undoes_a_removal(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up().adds("yoga-mat-premium")
    page = shopper.page
    page.goto("/cart/")
    more = page.get_by_role("button", name="One more Yoga Mat Premium")
    more.click()
    expect(page.get_by_label("Quantity of Yoga Mat Premium")).to_have_value("2")
    expect(more).to_be_focused()
    expect(page.get_by_role("status").first).to_have_text(re.compile("2 items"))
    shopper.presses("Remove Yoga Mat Premium")
    shopper.sees("was removed")
    shopper.presses("Undo")
    expect(page.get_by_label("Quantity of Yoga Mat Premium")).to_have_value("2")
    shopper.has_no_complaint()


def test_an_order_begun_in_the_api_is_paid_on_the_pages(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up()
    api = api_of(shopper)
    api.post("cart/add", {"product_id": 16, "qty": 1})
    api.post("checkout/create-order")
    shopper.page.goto("/orders/")
    shopper.page.get_by_role("main").get_by_role("link").first.click()
    shopper.page.get_by_role("link", name="Pay $49.99").click()
    shopper.presses("Payment succeeds")
    shopper.sees("Thank you")
    assert api.get("orders")[0]["status"] == "paid"


def test_an_order_begun_on_the_pages_is_paid_in_the_api(new_shopper: NewShopper) -> None:
    shopper = new_shopper().signs_up().adds("yoga-mat-premium").checks_out()
    shopper.presses("Pay $49.99")
    shopper.sees("Payment succeeds")
    api = api_of(shopper)
    [order] = api.get("orders")
    assert api.post(f"payments/confirm?order_id={order['id']}")["status"] == "paid"
    shopper.page.goto(f"/orders/{order['number']}/")
    shopper.sees("Thank you")


def api_of(shopper: Shopper) -> Api:
    """The same customer, as a client of the API."""
    return Api(shopper.page.request, shopper.email, PASSWORD)


def orders_of(shopper: Shopper) -> int:
    return len(api_of(shopper).get("orders"))
