"""Products and categories in the admin: services write, and only the changed fields."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from catalog import services
from catalog.models import Category, Product, StockMovement
from catalog.queries import get_product
from catalog.services import update_product
from ecommerce.core.errors import Busy
from payments.services import confirm
from tests.support.admin_pages import Form, office_of, url
from tests.support.factories import order as make_order
from tests.support.factories import product as make_product
from tests.support.factories import user as make_user

pytestmark = pytest.mark.django_db
LIST, NEW = url(Product, "changelist"), url(Product, "add")


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


@pytest.fixture
def tea() -> Product:
    return make_product(
        name="Tea", slug="tea", price=Decimal("5.00"), description="Green.\nFine.", inventory=10
    )


def form_of(office: Client, row: object) -> Form:
    return Form(office, url(type(row), "change", row.pk))


def reloaded(row):
    return type(row).objects.get(pk=row.pk)


def sell(product: Product, quantity: int) -> None:
    buyer = make_user()
    confirm(make_order(buyer, (product, quantity)), outcome="success", by=buyer)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response
    return dict(response.context["adminform"].form.errors)


def movements(product: Product) -> list[tuple[str, int]]:
    rows = StockMovement.objects.filter(product=product.pk).order_by("pk")
    return list(rows.values_list("reason", "quantity"))


def messages(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def test_a_new_product_gets_its_stock_and_the_next_product_id(office, fsck):
    make_product(product_id=7)
    response = Form(office, NEW).send(name="Tea", slug="tea", price="5", stock="12", category="Kitchen")
    tea = Product.objects.get(slug="tea")
    assert response.status_code == 302
    assert (tea.product_id, tea.inventory, tea.category) == (8, 12, "Kitchen")
    assert (tea.description, tea.image, tea.compare_at_price) == (None, None, None)
    assert movements(tea) == [("initial", 12)]
    assert Category.objects.filter(name="Kitchen").exists()
    fsck()


def test_a_new_product_may_have_a_given_product_id(office, fsck):
    Form(office, NEW).send(name="Tea", slug="tea", price="5", product_id="40")
    assert Product.objects.get(slug="tea").product_id == 40
    fsck()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"slug": "taken"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"product_id": "7"}, "product_id"),
        ({"product_id": "0"}, "product_id"),
        ({"price": "0"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "cheap"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"stock": "-1"}, "stock"),
        ({"stock": "1000001"}, "stock"),
        ({"stock": "9" * 40}, "stock"),
        ({"image": "img/none.svg"}, "image"),
        ({"image": "javascript:alert(1)"}, "image"),
        ({"name": ""}, "name"),
    ],
)
def test_an_invalid_value_is_an_error_of_its_field_and_creates_nothing(office, values, field):
    make_product(slug="taken", product_id=7)
    data = {"name": "Tea", "slug": "tea", "price": "5", "stock": "1"} | values
    assert list(errors(Form(office, NEW).send(**data))) == [field]
    assert Product.objects.count() == StockMovement.objects.count() == 1


def test_a_slug_taken_by_a_concurrent_request_is_a_form_error(office, monkeypatch, fsck):
    make_product(slug="taken")
    monkeypatch.setattr(Product, "validate_unique", lambda self, exclude=None: None)  # passed a moment ago
    field_errors = errors(Form(office, NEW).send(name="Tea", slug="taken", price="5", stock="1"))
    assert field_errors == {"slug": ["Slug already exists"]}
    assert Product.objects.count() == 1
    assert not LogEntry.objects.exists()
    fsck()


def test_a_change_writes_only_the_changed_fields(office, tea, fsck):
    form = form_of(office, tea)
    update_product(pk=tea.pk, price=Decimal("6.00"), name="Better tea")
    sell(tea, 3)
    assert form.send(slug="green-tea").status_code == 302
    tea = reloaded(tea)
    assert (tea.slug, tea.price, tea.name, tea.inventory) == ("green-tea", Decimal(6), "Better tea", 7)
    assert tea.description == "Green.\nFine."
    fsck()


def test_a_price_change_during_a_sale_keeps_both(office, tea, fsck):
    form, quick = form_of(office, tea), Form(office, LIST)
    sell(tea, 3)
    form.send(price="4.50")
    assert (reloaded(tea).price, reloaded(tea).inventory) == (Decimal("4.50"), 7)
    quick.send(**{"form-0-price": "4.75"})
    assert (reloaded(tea).price, reloaded(tea).inventory) == (Decimal("4.75"), 7)
    fsck()


def test_the_stock_is_changed_by_a_difference(office, tea, fsck):
    form = form_of(office, tea)
    sell(tea, 3)
    form.send(inventory_delta="5")
    assert reloaded(tea).inventory == 12
    assert movements(tea) == [("initial", 10), ("sale", -3), ("adjustment", 5)]
    fsck()


def test_a_difference_that_makes_the_stock_negative_is_a_form_error(office, tea, fsck):
    field_errors = errors(form_of(office, tea).send(inventory_delta="-11", name="Bad tea"))
    assert field_errors == {"inventory_delta": ["The stock must stay between 0 and 1000000."]}
    assert (reloaded(tea).inventory, reloaded(tea).name) == (10, "Tea")
    assert not LogEntry.objects.exists()
    fsck()


def test_saving_without_a_change_changes_nothing(office, tea):
    before = Product.objects.filter(pk=tea.pk).values().get()
    assert form_of(office, tea).send().status_code == 302
    assert Product.objects.filter(pk=tea.pk).values().get() == before


def test_emptied_fields_are_null_in_the_api(office, tea):
    form_of(office, tea).send(description="", category="")
    assert (reloaded(tea).description, reloaded(tea).category) == (None, None)


def test_pages_show_a_change_at_once(office, tea):
    assert get_product("tea")["price"] == Decimal(5)
    form_of(office, tea).send(price="4.50")
    assert get_product("tea")["price"] == Decimal("4.5")


def test_a_change_is_logged_with_its_fields(office, tea):
    form_of(office, tea).send(price="4.50", inventory_delta="1")
    entry = LogEntry.objects.get()
    assert entry.object_id == str(tea.pk)
    assert entry.get_change_message() == "Changed Price and Change stock by."


def test_price_changes_in_the_list_are_saved_all_or_none(office, monkeypatch, fsck):
    teas = [make_product(price=Decimal(5)) for _ in range(3)]
    form, real = Form(office, LIST), services.update_product

    def refuse_the_last(**fields):
        if fields["pk"] == teas[2].pk:
            raise Busy
        return real(**fields)

    monkeypatch.setattr(services, "update_product", refuse_the_last)
    prices = {f"form-{n}-price": "9" for n in range(3)}
    assert "The shop is busy" in messages(form.send(**prices))
    assert {reloaded(tea).price for tea in teas} == {Decimal(5)}
    assert not LogEntry.objects.exists()
    monkeypatch.undo()
    form.send(**prices)
    assert {reloaded(tea).price for tea in teas} == {Decimal(9)}
    fsck()


def test_an_invalid_price_in_the_list_is_an_error_of_its_row(office, tea):
    response = Form(office, LIST).send(**{"form-0-price": "-1"})
    assert response.context["cl"].formset.errors == [
        {"price": ["Ensure this value is greater than or equal to 0.01."]}
    ]
    assert reloaded(tea).price == Decimal(5)


def test_inputs_in_the_list_have_labels(office, tea):
    assert 'aria-label="Price: Tea"' in office.get(LIST).content.decode()


def test_deleting_closes_the_stock_account(office, tea, fsck):
    office.post(url(Product, "delete", tea.pk), {"post": "yes"})
    assert not Product.objects.exists()
    assert movements(tea) == [("initial", 10), ("closed", -10)]
    fsck()


def test_deleting_several_closes_each_account(office, fsck):
    teas = [make_product(inventory=number) for number in range(3)]
    chosen = [str(tea.pk) for tea in teas]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    office.post(LIST, data)
    assert not Product.objects.exists()
    fsck()


def test_the_search_finds_names_slugs_and_product_ids(office, tea):
    make_product(name="Cup", slug="blue-cup", product_id=1234)
    for text, found in [("te", ["Tea"]), ("blue-", ["Cup"]), ("1234", ["Cup"]), ("123", []), (".*", [])]:
        rows = office.get(LIST, {"q": text}).context["cl"].result_list
        assert [row.name for row in rows] == found, text


@pytest.mark.parametrize(
    ("chosen", "order"),
    [
        ("5", "price product_id"),
        ("-5", "-price -product_id"),
        ("2.-5", "name -price product_id"),
        ("-2.5", "-name price product_id"),
    ],
)
def test_equal_values_follow_the_direction_of_a_single_chosen_column(office, chosen, order):
    page = office.get(f"{LIST}?o={chosen}")
    assert list(page.context["cl"].queryset.query.order_by) == order.split()


def test_the_stock_filter_has_low_and_sold_out(office):
    """Low is the same number as on the pages of the shop."""
    for quantity in (0, 5, 6):
        make_product(name=f"Has {quantity}", inventory=quantity)
    for choice, found in [("low", ["Has 0", "Has 5"]), ("out", ["Has 0"])]:
        rows = office.get(LIST, {"stock": choice}).context["cl"].result_list
        assert [row.name for row in rows] == found


def test_a_visible_product_links_to_its_page(office, tea):
    assert "/products/tea/" in office.get(url(Product, "change", tea.pk)).content.decode()
    update_product(pk=tea.pk, is_active=False)
    assert "/products/tea/" not in office.get(url(Product, "change", tea.pk)).content.decode()


def test_movements_are_found_by_their_product(office, tea):
    make_product()
    rows = office.get(url(StockMovement, "changelist"), {"q": str(tea.pk)}).context["cl"].result_list
    assert [row.product for row in rows] == [tea.pk]


def test_renaming_a_category_renames_it_in_its_products(office):
    tea = make_product(category="Kitchen")
    form_of(office, Category.objects.get()).send(name="Kitchen & Bar")
    assert reloaded(tea).category == "Kitchen & Bar"
    assert Category.objects.get().name == "Kitchen & Bar"


def test_staff_can_describe_a_category(office):
    make_product(category="Kitchen")
    form_of(office, Category.objects.get()).send(description="Pots and pans.", slug="pots")
    assert "Pots and pans." in Client().get("/categories/pots/").content.decode()
    assert Client().get("/categories/kitchen/").status_code == 301


def test_a_category_name_that_is_taken_is_a_form_error(office):
    tea = make_product(category="Kitchen")
    make_product(category="Bar")
    field_errors = errors(form_of(office, Category.objects.get(name="Kitchen")).send(name="Bar"))
    assert list(field_errors) == ["name"]
    assert reloaded(tea).category == "Kitchen"


def test_categories_are_sorted_in_the_list(office):
    make_product(category="Kitchen")
    make_product(category="Bar")
    Form(office, url(Category, "changelist")).send(**{"form-0-position": "9"})
    assert list(Category.objects.values_list("name", flat=True)) == ["Bar", "Kitchen"]


def test_a_category_can_be_created(office):
    Form(office, url(Category, "add")).send(name="Tea & more", slug="tea-more", position="3")
    assert Category.objects.get().slug == "tea-more"


def test_a_category_with_products_cannot_be_deleted(office):
    make_product(category="Kitchen")
    category = Category.objects.get()
    response = office.post(url(Category, "delete", category.pk), {"post": "yes"})
    assert "Products are in the category Kitchen." in messages(response)
    assert Category.objects.exists()


def test_an_empty_category_can_be_deleted(office):
    category = Category.objects.create(name="Old", slug="old")
    office.post(url(Category, "delete", category.pk), {"post": "yes"})
    assert not Category.objects.exists()
