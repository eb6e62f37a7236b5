"""The languages of pages and mails, and the completeness of the German translation."""

import ast
import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core import mail
from django.urls import get_resolver
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.template import templatize

from accounts.recovery.services import forgot_password
from catalog.services import update_product
from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from ecommerce.site.headers import policy_for
from ecommerce.site.limits import limit_of
from orders.models import Order
from tests.orders.test_checkout_pages import filled_in
from tests.support import factories
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
ROOT = Path(settings.BASE_DIR)
GERMAN = ROOT / "locale/de/LC_MESSAGES/django.po"
APPS = ["accounts", "cart", "catalog", "ecommerce", "orders", "payments"]
MARKS = {"gettext", "gettext_lazy", "gettext_noop", "ngettext"}
STAFF_AND_DEVELOPERS = {"dev", "redoc.html"}
# Errors that no page of the storefront shows.
STAFF_AND_PROGRAMS = {
    *("AlreadyAdmin", "CategoryNotFound", "CategoryTaken", "HasOrders", "ImportNotFound", "UserNotFound"),
    *("BadWebhook", "InvalidRefreshToken", "LeaseRanOut", "NoMailServer", "NotFound", "UnknownGateway"),
    *("NothingToRefund", "RefundKeyReused", "RefundTooLarge", "RestockNeedsAll", "EmailUnverified"),
    *("OrderNotFound", "PaymentNotFound", "ProductNotFound", "SessionNotFound"),  # pages are a 404 then
}
CALL = re.compile(r"\b(?:_|n?gettext)\((?:[^()'\"]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")*\)", re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
LOGIC, MARKUP = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL), re.compile(r"<[^>]*>|&\w+;", re.DOTALL)
HIDDEN = re.compile(r"{% comment %}.*?{% endcomment %}|<(style|svg)\b.*?</\1>", re.DOTALL)
TRANSLATED = re.compile(r"{% blocktranslate\b.*?{% endblocktranslate %}", re.DOTALL)


def catalogue() -> Catalog:
    return read_po(BytesIO(GERMAN.read_bytes()))


def strings(catalogue: Catalog) -> dict[str, list[str]]:
    return {msgid(each): list(each.string) for each in catalogue if each.id}


def msgid(message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def texts_in_python(source: str) -> set[str]:
    """Return the texts in calls of gettext and its variants, by the names that the module gives them."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in MARKS
    }
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        if isinstance(node.args[0], ast.Constant)
    }


def texts_in_template(source: str) -> set[str]:
    calls = [ast.parse(found[0], mode="eval").body for found in CALL.finditer(templatize(source))]
    return {call.args[0].value for call in calls}


def untranslated_words(source: str) -> list[str]:
    text = TRANSLATED.sub("", HIDDEN.sub("", source))
    return re.findall(r"[A-Za-z]{2,}", MARKUP.sub(" ", LOGIC.sub("", text)))


def templates() -> list[Path]:
    found = [path for path in (ROOT / "templates").rglob("*.*") if path.suffix in (".html", ".txt")]
    return [
        path for path in found if path.relative_to(ROOT / "templates").parts[0] not in STAFF_AND_DEVELOPERS
    ]


def texts_of_the_shop() -> set[str]:
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            found |= texts_in_python(path.read_text())
    for path in templates():
        found |= texts_in_template(path.read_text())
    return found


def test_the_german_catalogue_has_exactly_the_texts_of_the_shop():
    """Otherwise run `make messages`."""
    texts = texts_of_the_shop()
    assert len(texts) > 300
    assert {msgid(message) for message in catalogue() if message.id} == texts


def test_every_text_is_translated_with_the_same_placeholders():
    for message in catalogue():
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        known = {name for text in ids for name in PLACEHOLDER.findall(text)}
        for string, text in zip(strings, ids, strict=True):
            assert string, message.id
            assert set(PLACEHOLDER.findall(string)) <= known, message.id
            assert set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(string)), message.id


def test_the_compiled_catalogue_is_up_to_date():
    """Otherwise run `make messages`."""
    compiled = read_mo(BytesIO(GERMAN.with_suffix(".mo").read_bytes()))
    assert strings(compiled) == strings(catalogue())


def test_no_template_of_the_storefront_has_untranslated_text():
    paths = [path for path in templates() if path.parent.name != "admin"]
    untranslated = {path.name: untranslated_words(path.read_text()) for path in paths}
    assert {name: words for name, words in untranslated.items() if words not in ([], ["UTC"])} == {}


def test_the_scan_finds_untranslated_text():
    assert texts_in_template("<p>{% translate 'New' %}</p>") == {"New"}
    assert texts_in_python("from x import gettext as _\nprint(_('New') % {'a': 1})") == {"New"}
    assert untranslated_words("<p{% if a > b %} class='c'{% endif %}>{{ name }} is sold out</p>") == [
        "is",
        "sold",
        "out",
    ]


def test_only_german_addresses_have_a_prefix(client, product):
    english, german = client.get("/products/"), client.get("/de/products/")
    assert (english["Content-Language"], german["Content-Language"]) == ("en", "de")
    assert '<html lang="en">' in english.content.decode()
    assert '<html lang="de">' in german.content.decode()
    assert "Alle Produkte" in german.content.decode()
    assert client.get("/en/products/").status_code == 404


def test_the_browsers_language_is_ignored(client, api, product):
    german = {"HTTP_ACCEPT_LANGUAGE": "de"}
    assert client.get("/products/", **german)["Content-Language"] == "en"
    answer = api.get("/api/v1/products/none", **german)
    assert answer.json()["detail"] == "Product not found"
    assert "Accept-Language" not in answer.get("Vary", "")


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/", "/de/"),
        ("/products/?q=a&sort=name", "/de/products/?q=a&amp;sort=name"),
        ("/de/cart/", "/cart/"),
        ("/de/no-such-page/", "/no-such-page/"),
    ],
)
def test_each_page_links_to_its_translation(client, path, other):
    assert f'href="{other}" lang=' in client.get(path).content.decode()


def test_pages_name_their_translations_for_search_engines(client, product):
    for path in (f"/products/{product.slug}/", f"/de/products/{product.slug}/"):
        html = client.get(path).content.decode()
        assert f'<link rel="canonical" href="{settings.PUBLIC_URL}{path}">' in html
        for code, prefix in (("en", ""), ("de", "/de"), ("x-default", "")):
            address = f"{settings.PUBLIC_URL}{prefix}/products/{product.slug}/"
            assert f'<link rel="alternate" hreflang="{code}" href="{address}">' in html
    assert "hreflang=" not in client.get("/de/cart/").content.decode().split("</head>")[0]


def test_money_is_formatted_for_the_language(client, product):
    product.price = Decimal("2499.90")
    product.save(update_fields=["price"])
    assert "$2,499.90" in client.get(f"/products/{product.slug}/").content.decode()
    assert "2.499,90\N{NO-BREAK SPACE}$" in client.get(f"/de/products/{product.slug}/").content.decode()


@pytest.mark.parametrize("price", ["49,90", "49.90"])
def test_a_price_may_be_entered_in_the_languages_format(client, product, price):
    html = client.get("/de/products/", {"max_price": price}).content.decode()
    assert "Bis 49,90\N{NO-BREAK SPACE}$" in html
    assert "Enter a price" in client.get("/products/", {"max_price": "49,90"}).content.decode()


def test_a_german_visitor_stays_on_german_pages(client):
    assert client.get("/de/orders/").url == "/de/account/login/?next=/de/orders/"


def test_errors_are_in_german(client):
    missing = client.get("/de/no-such-page/")
    assert missing.status_code == 404
    assert "Diese Seite finden wir nicht" in missing.content.decode()
    large = client.post("/de/cart/add/1/", CONTENT_LENGTH="99999999")
    assert large.status_code == 413
    assert "Das ist zu groß" in large.content.decode()


def test_an_error_is_german_on_the_page_and_english_in_the_api(client, api, customer):
    wrong = {"email": customer.email, "password": "WrongPass123"}
    assert "E-Mail oder Passwort stimmt nicht" in client.post("/de/account/login/", wrong).content.decode()
    refused = api.post("/api/v1/auth/login", wrong, HTTP_ACCEPT_LANGUAGE="de")
    assert refused.json()["detail"] == "Invalid credentials"


def test_limits_and_policies_are_the_same_in_every_language(rf, settings):
    settings.PAYMENT_PROVIDER = "stripe"
    assert limit_of(rf.post("/de/account/login/")).name == "auth"
    assert policy_for("/de/checkout/") == policy_for("/checkout/") != policy_for("/de/cart/")


def delivered_mails():
    outbox.deliver_due()
    return mail.outbox


def test_mails_about_an_order_are_in_its_language(client, product):
    client.post(f"/de/cart/add/{product.product_id}/", {"qty": 1})
    html = client.get("/de/checkout/").content.decode()
    client.post("/de/checkout/", filled_in(html, email="zoe@example.com"))
    order = Order.objects.get()
    paid = client.post(f"/de/orders/{order.number}/pay/", {"outcome": "success"})
    assert paid.url == f"/de/orders/{order.number}/"
    [confirmation] = delivered_mails()
    assert confirmation.subject == f"Danke! Ihre Bestellung {order.number} ist bestätigt"
    text, html = confirmation.body, confirmation.alternatives[0][0]
    assert '<html lang="de">' in html
    for part in (text, html):
        assert f"http://testserver/de/orders/{order.number}/" in part
        assert "79,99\N{NO-BREAK SPACE}$" in part


def test_an_api_client_gets_mails_in_its_accepted_language(api):
    account = {"email": "zoe@example.com", "password": PASSWORD}
    api.post("/api/v1/auth/signup", account, HTTP_ACCEPT_LANGUAGE="de-AT,en;q=0.5")
    [welcome] = delivered_mails()
    assert welcome.subject == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    assert "http://testserver/de/account/verify-email/" in welcome.body


def test_a_message_without_a_language_is_sent_in_english(customer):
    forgot_password(email=customer.email)
    row = OutboxMessage.objects.get()
    OutboxMessage.objects.filter(pk=row.pk).update(payload={"user": row.payload["user"]})
    assert delivered_mails()[0].subject == "Choose a new password"


def test_the_reason_of_a_failed_order_is_stored_in_english_and_shown_in_german(client, customer, product):
    client.force_login(customer)
    order = factories.order(customer, (product, 2))
    update_product(pk=product.pk, inventory=1)
    client.post(f"/de/orders/{order.number}/pay/", {"outcome": "success"})
    order.refresh_from_db()
    assert order.failure_reason == f"Insufficient inventory for product {product.name}"
    page = client.get(f"/de/orders/{order.number}/").content.decode()
    assert f"Von „{product.name}“ ist nicht mehr genug auf Lager." in page


def error_classes(kind=DomainError):
    """Yield every DomainError of the shop that has a message of its own."""
    for each in kind.__subclasses__():
        if "message" in vars(each) and each.__module__.split(".")[0] in APPS:
            yield each
        yield from error_classes(each)


def test_every_error_that_customers_may_see_is_translated():
    assert get_resolver().url_patterns  # imports every app's pages and routes
    with translation.override("de"):
        english = {each.__name__ for each in error_classes() if gettext(each.message) == each.message}
    assert english - STAFF_AND_PROGRAMS == set()
    assert english, "no class was found"
