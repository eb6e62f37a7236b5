"""User input is text on every page and in every mail: it never becomes a script, a link or a handler."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Address
from catalog.services import update_product
from ecommerce.core.outbox import queue as outbox
from orders.services import Contact
from payments.services import confirm
from tests.security.world import visitor
from tests.support import factories
from tests.support.admin_pages import office_of, url
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.model_rows import MODELS

pytestmark = pytest.mark.django_db
SCRIPTS = [
    "<script>zq()</script>",
    "</title><script>zq()</script>",
    "</script><script>zq()</script>",
    "</textarea><script>zq()</script>",
    "</style><script>zq()</script>",
    "--><script>zq()</script>",
    "<ScRiPt src=//zq.example>",
    "<scr<script>ipt>zq()</script>",
    "<img src=x onerror=zq()>",
    '"><img src=x onerror=zq()>',
    "'><img src=x onerror=zq()>",
    '" onmouseover="zq()" x="',
    "' onfocus='zq()' autofocus='",
    "<svg onload=zq()>",
    "<svg><a href=javascript:zq()>x",
    "<body onload=zq()>",
    "<iframe src=javascript:zq()>",
    "<object data=javascript:zq()>",
    "<form action=javascript:zq()><button>",
    "<a href='javascript:zq()'>x</a>",
    "<base href=//zq.example/>",
    "<meta http-equiv=refresh content=0;url=javascript:zq()>",
    "<link rel=stylesheet href=//zq.example>",
    "<details open ontoggle=zq()>",
    "<math><mtext><img src=x onerror=zq()>",
    "<style>@import'//zq.example'</style>",
    "<div style=background:url(//zq.example)>",
    "<input onfocus=zq() autofocus>",
    "<template><script>zq()</script></template>",
    "<zq-made x=1>",
    "{{ zq }}{% now 'Y' %}<p x-data=zq() x-init=zq()>",
    "<noscript><p title='</noscript><img src=x onerror=zq()>'>",
]
ADDRESSES = [
    "javascript:zq()",
    "JaVaScRiPt:zq()",
    " javascript:zq()",
    "java\tscript:zq()",
    "data:text/html,zq",
    "//zq.example",
    "vbscript:zq",
]
LOADS = {"src", "href", "action", "formaction", "data", "content", "srcset", "style"}


class Harm(HTMLParser):
    """Parses a page as a browser does, and records payloads that have become more than text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.payloads: list[str] = []
        self._in = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._in = tag if tag in ("script", "style") and "json" not in (values.get("type") or "") else ""
        self.payloads += [tag] if "zq" in tag else []
        if "http-equiv" not in values:
            values.pop("content", None)  # text, except in http-equiv
        for name, value in values.items():
            alive = name.startswith(("on", "x-", ":", "@")) or self._leads(name, value or "")
            if alive and "zq" in (value or ""):
                self.payloads.append(f"{tag} {name}={value}")

    def _leads(self, name: str, value: str) -> bool:
        """Return whether the attribute loads or leads to something outside of the shop."""
        return (
            name in LOADS and not value.startswith(("/", "?", "#", "http://testserver"))
        ) or value.startswith("//")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in and "zq" in data:
            self.payloads.append(data)


def chunks(longest: int) -> Iterator[str]:
    """Yield texts of at most this length which together hold every script."""
    text = ""
    for script in SCRIPTS:
        if len(text) + len(script) > longest:
            yield text
            text = ""
        text += script
    yield text


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_would_do_harm(script: str) -> None:
    """The control: a page that printed it unescaped would fail the tests below."""
    places = (
        f"<p>{script}</p>",
        f'<input value="{script}">',
        f"<input value='{script}'>",
        f"<title>{script}</title>",
        f"<script>{script}</script>",
        f"<style>{script}",
    )
    assert any(Harm(page).payloads for page in places)
    assert Harm("<a href='/products/?q=zq'>zq</a><p title='zq'>zq</p>").payloads == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", list(chunks(190)), ids=lambda text: text[:20])
def test_stored_scripts_are_text_on_every_page_and_in_every_mail(text: str, staff: Any) -> None:
    product = factories.product(name=text, description=text * 3, category=text[:95])
    buyer = factories.user('"<script>zq()</script>"@example.com')
    lines = {"line1": text, "line2": text, "city": text[:100], "region": text[:100], "postcode": text[:20]}
    address = Address(name=text[:100], country="DE", phone=text[:40], **lines)
    order = factories.order(buyer, (product, 1), contact=Contact(buyer.email, address))
    pages = {"/": visitor(), "/products/": visitor(), f"/products/{product.slug}/": visitor()}
    browser = Client(headers={"User-Agent": text})
    browser.force_login(buyer)
    browser.post(f"/cart/add/{product.product_id}/", {"qty": "1"})
    for path in (
        "/cart/",
        "/checkout/",
        "/orders/",
        "/account/",
        f"/orders/{order.number}/",
        f"/orders/{order.number}/pay/",
    ):
        pages[path] = browser
    assert_harmless(pages)
    confirm(order, outcome="success", by=buyer)
    update_product(pk=str(product.pk), inventory=3)
    rows = {type(each): each for each in (product, order, buyer)}
    office = office_of(staff)
    lists = {url(model, "changelist"): office for model in MODELS}
    assert_harmless(
        lists
        | {
            url(model, page, row.pk): office
            for model, row in rows.items()
            for page in ("change", "history", "delete")
        }
    )
    mail.outbox.clear()
    outbox.deliver_due()
    htmls = [html for sent in mail.outbox for html, _ in sent.alternatives]
    assert htmls
    assert [Harm(html).payloads for html in htmls if Harm(html).payloads] == []


def assert_harmless(pages: dict[str, Client]) -> None:
    for path, client in pages.items():
        response = client.get(path)
        assert response.status_code in (200, 403), path
        assert Harm(response.content.decode()).payloads == [], path


def test_scripts_in_searches_are_text(staff: Any, product: Any) -> None:
    office = office_of(staff)
    for text in chunks(190):
        params = dict.fromkeys(
            ("q", "category", "min_price", "sort", "page", "next", "token", "removed"), text
        )
        for path in ("/products/", "/account/login/", "/account/verify-email/"):
            page = visitor().get(path, params).content.decode()
            assert Harm(page).payloads == [], (path, text)
        page = office.get(url(type(product), "changelist"), {"q": text}).content.decode()
        assert Harm(page).payloads == [], text


def test_scripts_in_refused_forms_are_text(customer: Any) -> None:
    client = visitor()
    for text in chunks(190):
        typed = {"email": text, "password": text, "username": text}
        for path in ("/account/login/", "/account/signup/", "/account/password/forgot/", "/admin/login/"):
            assert Harm(client.post(path, typed).content.decode()).payloads == [], (path, text)


def test_slugs_and_addresses_of_pictures_cannot_be_scripts(staff: Any, product: Any) -> None:
    api = api_of(staff)
    route = f"/api/v1/admin/products/{product.pk}"
    for text in SCRIPTS:
        refused(api.patch(route, {"slug": text}), 400, field="slug")
    for text in (*ADDRESSES, *SCRIPTS):
        refused(api.patch(route, {"image": text}), 400, field="image")


def test_browsers_do_not_show_answers_of_the_api_as_pages(staff: Any) -> None:
    created = api_of(staff).post("/api/v1/admin/products", {"name": SCRIPTS[0], "slug": "x", "price": 5})
    assert created.json()["name"] == SCRIPTS[0]
    assert created["Content-Type"] == "application/json"
    assert created["X-Content-Type-Options"] == "nosniff"
    assert created["Content-Security-Policy"].startswith("default-src 'none'")
