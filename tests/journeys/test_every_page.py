"""Every page in every state, in both themes and both widths: no fault is found (`inspection.py`)."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, StorageState

from tests.journeys.inspection import OPEN_ALL, Inspector, facts_of
from tests.journeys.scene import LOW, PLAIN, SALE, SOLD_OUT, Scene
from tests.journeys.shopper import ADDRESS

Walk = Callable[[Page, Scene], Iterator[str]]
VISITORS: dict[Walk, str] = {}
TITLE = re.compile(r"<title>(.+)</title>")
TITLED = [
    *(
        "/",
        "/products/",
        "/products/?page=2",
        "/products/?q=mug",
        "/categories/home/",
        "/categories/fashion/",
    ),
    *(f"/products/{slug}/" for slug in (SALE, LOW, SOLD_OUT, PLAIN)),
    *("/cart/", "/checkout/", "/orders/", "/account/", "/account/password/", "/account/email/"),
    *(
        "/account/addresses/",
        "/account/addresses/new/",
        "/account/profile/",
        "/account/delete/",
        "/account/password/forgot/",
        "/account/verify-email/",
        "/account/email/confirm/",
    ),
]


def walk(visitor: str = "") -> Callable[[Walk], Walk]:
    """Register a walk through the shop, which yields a name wherever there is a state to inspect."""

    def register(walk: Walk) -> Walk:
        VISITORS[walk] = visitor
        return walk

    return register


def each(page: Page, stops: dict[str, str]) -> Iterator[str]:
    for name, path in stops.items():
        page.goto(path)
        page.evaluate(OPEN_ALL)
        yield name


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def fill_in(page: Page, fields: dict[str, str]) -> None:
    for label, text in fields.items():
        page.get_by_label(label).fill(text)
    page.get_by_label("Country").select_option("DE")


@walk()
def lists(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(
        page,
        {
            "home": "/",
            "list": "/products/",
            "second page": "/products/?page=2",
            "category": "/categories/home/",
            "search": "/products/?q=mug&in_stock=1&min_price=1&sort=price",
            "close matches": "/products/?q=headphonse",
        },
    )


@walk()
def empty_lists(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(
        page,
        {
            "nothing found": "/products/?q=nothing+like+it",
            "a filter in the way": "/products/?q=mug&max_price=1",
            "nonsense": "/products/?min_price=9&max_price=1&sort=x&category=x&page=x",
            "beyond the end": "/products/?page=999",
        },
    )


@walk()
def products(page: Page, scene: Scene) -> Iterator[str]:
    pages = {slug: f"/products/{slug}/" for slug in (SALE, LOW, SOLD_OUT, PLAIN)}
    yield from each(page, pages | {"sample": "/products/running-shoes-ultra-boost/"})


@walk()
def purchase(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(page, {"empty cart": "/cart/", "product": f"/products/{PLAIN}/"})
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="View cart").wait_for()
    yield "product with a toast"
    yield from each(page, {"cart": "/cart/", "checkout": "/checkout/"})
    press(page, "Pay $7.00")
    yield "checkout with errors"
    fill_in(page, ADDRESS | {"E-mail": "guest@example.com"})
    press(page, "Pay $7.00")
    yield "pay"
    press(page, "Still pending")
    yield "pending payment"
    press(page, "Payment succeeds")
    yield "a guest's order"


@walk("customer")
def filled_cart(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(page, {"filled cart": "/cart/", "checkout": "/checkout/"})
    page.goto("/cart/")
    page.get_by_role("button", name="Remove Travel mug").click()
    page.get_by_role("button", name="Undo").wait_for()
    yield "cart with undo"
    press(page, "Undo")


@walk("customer")
def open_orders(page: Page, scene: Scene) -> Iterator[str]:
    numbers = {status: f"/orders/{scene.orders[status]}/" for status in ("pending", "declined", "canceled")}
    waiting = f"/orders/{scene.orders['waiting']}/paid/"
    declined = f"/orders/{scene.orders['declined']}/paid/"
    yield from each(page, {"orders": "/orders/", **numbers, "waiting": waiting, "not completed": declined})


@walk("customer")
def paid_orders(page: Page, scene: Scene) -> Iterator[str]:
    unpaid = ("pending", "waiting", "declined", "canceled")
    yield from each(page, {name: f"/orders/{n}/" for name, n in scene.orders.items() if name not in unpaid})


@walk("unlucky")
def changed_cart(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(page, {"changed cart": "/cart/"})


@walk("newcomer")
def account(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(page, {"account": "/account/", "no orders": "/orders/"})
    for path, button in {
        "password": "Change the password",
        "email": "Send the links",
        "delete": "Delete my account",
    }.items():
        yield from each(page, {path: f"/account/{path}/"})
        press(page, button)
        yield f"{path} with errors"


@walk("newcomer")
def addresses(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(
        page,
        {
            "no addresses": "/account/addresses/",
            "profile": "/account/profile/",
            "new address": "/account/addresses/new/",
        },
    )
    press(page, "Save the address")
    yield "address with errors"
    for street in ("Hauptstraße 1", "Nebenstraße 2"):
        page.goto("/account/addresses/new/")
        fill_in(page, ADDRESS | {"Street and number": street})
        press(page, "Save the address")
    yield "addresses"
    page.goto(f"/products/{PLAIN}/")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="View cart").wait_for()
    yield from each(page, {"checkout with addresses": "/checkout/"})


@walk()
def entering(page: Page, scene: Scene) -> Iterator[str]:
    for path, button in {
        "login": "Sign in",
        "signup": "Make an account",
        "password/forgot": "Send the link",
    }.items():
        yield from each(page, {path: f"/account/{path}/"})
        press(page, button)
        yield f"{path} with errors"
    yield from each(page, {"dead link": "/account/password/reset/?token=x"})


@walk()
def links(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(
        page,
        {
            "verify": "/account/verify-email/?token=x",
            "confirm": "/account/email/confirm/?token=x",
        },
    )
    page.goto("/account/password/forgot/")
    page.get_by_label("E-mail").evaluate("field => field.form.action = '/account/password/reset/'")
    press(page, "Send the link")
    yield "reset with errors"


@walk("customer")
def german(page: Page, scene: Scene) -> Iterator[str]:
    """German words are longer."""
    order = f"orders/{scene.orders['shipped']}/"
    paths = (
        "",
        "products/",
        f"products/{SALE}/",
        "cart/",
        "checkout/",
        "account/",
        "account/profile/",
        "orders/",
        order,
    )
    yield from each(page, {f"German {path}": f"/de/{path}" for path in paths})


@walk()
def trouble(page: Page, scene: Scene) -> Iterator[str]:
    yield from each(
        page, {name: f"/errors/{name}/" for name in ("403", "403_csrf", "404", "413", "429", "500", "503")}
    )
    yield from each(page, {"mails": "/dev/mails/"})


@pytest.mark.parametrize("way", VISITORS, ids=lambda way: way.__name__)
def test_no_state_of_any_page_has_a_fault(way: Walk, new_page: Callable[..., Page], scene: Scene) -> None:
    storage: StorageState | None = getattr(scene, VISITORS[way], None)
    page = new_page(storage_state=storage)
    inspector = Inspector(page)
    faults = {name: inspector.findings() for name in way(page, scene)}
    assert {name: found for name, found in faults.items() if found} == {}


FAULTS = {
    "document.querySelector('.search button').removeAttribute('aria-label')": "axe button-name at .search",
    "document.querySelector('.card .price').style.color = '#eee'": "axe color-contrast",
    "document.querySelector('.category-strip a').style.color = '#57534b'": "(dark, 1280)",
    "document.querySelector('main').style.inlineSize = '500px'": "scrolls sideways at 390",
    "document.querySelector('.toolbar p').style.cssText = 'block-size: 1em; overflow: clip'": "clipped P",
    "document.querySelector('h1').remove()": "0 h1",
    "console.error('zq')": "console zq",
    "setTimeout(() => zq())": "error zq is not defined",
    "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">')": "policy style-src-attr",
    "new Image().src = 'http://zq.test'": "policy img-src",
}


def test_faults_are_found(new_page: Callable[..., Page]) -> None:
    """The control: each of these changes is reported."""
    page = new_page()
    inspector = Inspector(page)
    page.goto("/products/")
    for fault in FAULTS:
        page.evaluate(fault)
    found = "\n".join(inspector.findings())
    assert [finding for finding in FAULTS.values() if finding not in found] == [], found


def test_no_two_pages_have_the_same_title(new_page: Callable[..., Page], scene: Scene) -> None:
    page = new_page(storage_state=scene.customer)
    titles = {
        path: title_of(page, path) for path in TITLED + [f"/orders/{n}/" for n in scene.orders.values()]
    }
    assert len(set(titles.values())) == len(titles), titles


@pytest.mark.parametrize("slug", [SALE, SOLD_OUT, "gaming-laptop-pro"])
def test_the_structured_price_is_the_shown_price(
    new_page: Callable[..., Page], scene: Scene, slug: str
) -> None:
    page = new_page()
    page.goto(f"/products/{slug}/")
    [product] = [fact for fact in facts_of(page) if fact["@type"] == "Product"]
    shown = page.locator("#buy .price").inner_text()
    now, *before = re.findall(r"[\d,]+\.\d\d", shown)
    assert product["offers"]["price"] == now.replace(",", "")
    assert bool(before) == (slug == SALE)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/", {"Organization", "WebSite"}),
        ("/products/", {"BreadcrumbList"}),
        ("/categories/home/", {"BreadcrumbList"}),
    ],
)
def test_structured_data_is_of_the_expected_types(
    new_page: Callable[..., Page], scene: Scene, path: str, kinds: set[str]
) -> None:
    page = new_page()
    page.goto(path)
    assert {fact["@type"] for fact in facts_of(page)} >= kinds


def title_of(page: Page, path: str) -> str:
    answer = page.request.get(path, max_redirects=0)
    assert answer.ok, (path, answer.status)
    return str(TITLE.search(answer.text()).group(1))
