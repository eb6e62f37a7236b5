"""Former slugs redirect to the current page, unless another product or category has taken them."""

import pytest
from django.test import Client

from catalog.categories import delete_category, update_category
from catalog.models import Category, FormerSlug, Product
from catalog.services import delete_product, update_product
from tests.catalog.csvfiles import run  # noqa: F401  # a fixture
from tests.support.answers import refused
from tests.support.factories import product as make_product
from tests.support.query_plans import plan_of
from tests.support.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_check_invariants")]


@pytest.fixture
def _check_invariants(fsck):
    yield
    fsck()


@pytest.fixture
def lamp() -> Product:
    return make_product(name="Lamp", slug="lamp", category="Home")


def change_slug(product: Product, *slugs: str) -> None:
    for slug in slugs:
        update_product(pk=product.pk, slug=slug)


def target_of(client: Client, path: str) -> str:
    """Return the target of a redirect, or the status of any other response."""
    response = client.get(path)
    if response.status_code != 301:
        return str(response.status_code)
    assert response["Cache-Control"] == "no-cache"
    return response["Location"]


def test_a_former_url_redirects_with_its_query_string(client, lamp):
    change_slug(lamp, "desk-lamp")
    assert target_of(client, "/products/lamp/?utm_source=a%20b&x=%C3%A9") == (
        "/products/desk-lamp/?utm_source=a%20b&x=%C3%A9"
    )
    assert target_of(client, "/de/products/lamp/?a=1") == "/de/products/desk-lamp/?a=1"
    assert client.head("/products/lamp/")["Location"] == "/products/desk-lamp/"
    assert client.get("/products/lamp/", follow=True).status_code == 200


def test_every_former_slug_redirects_in_one_step(client, lamp):
    change_slug(lamp, "b", "c", "d")
    assert [target_of(client, f"/products/{slug}/") for slug in ("lamp", "b", "c")] == ["/products/d/"] * 3


def test_a_product_may_return_to_a_former_slug(client, lamp):
    change_slug(lamp, "b", "lamp")
    assert target_of(client, "/products/lamp/") == "200"
    assert target_of(client, "/products/b/") == "/products/lamp/"


@pytest.mark.parametrize("by", ["creation", "change", "import"])
def test_a_former_slug_belongs_to_the_product_that_takes_it(client, lamp, by, run):  # noqa: F811
    change_slug(lamp, "b")
    if by == "creation":
        other = make_product(slug="lamp")
    elif by == "change":
        other = make_product(slug="other")
        change_slug(other, "lamp")
    else:
        run("slug,name,price\nlamp,Another lamp,5\n")
        other = Product.objects.get(slug="lamp")
    assert target_of(client, "/products/lamp/") == "200"
    update_product(pk=other.pk, is_active=False)
    assert target_of(client, "/products/lamp/") == "404"
    delete_product(pk=other.pk)
    assert target_of(client, "/products/lamp/") == "404"


def test_a_former_slug_redirects_to_the_last_product_that_had_it(client, lamp):
    change_slug(lamp, "b")
    other = make_product(slug="lamp")
    change_slug(other, "c")
    assert target_of(client, "/products/lamp/") == "/products/c/"


def test_a_former_slug_of_a_hidden_or_deleted_product_is_not_found(client, lamp):
    change_slug(lamp, "b")
    update_product(pk=lamp.pk, is_active=False)
    assert target_of(client, "/products/lamp/") == "404"
    delete_product(pk=lamp.pk)
    assert target_of(client, "/products/lamp/") == "404"
    assert not FormerSlug.objects.exists()


def test_a_failed_change_leaves_no_former_slug(client, lamp):
    make_product(slug="taken")
    with pytest.raises(Exception, match="Slug already exists"):
        update_product(pk=lamp.pk, slug="taken", name="Other")
    assert target_of(client, "/products/lamp/") == "200"
    assert not FormerSlug.objects.exists()


def test_all_slugs_of_concurrent_changes_redirect_to_the_product(client, lamp):
    names = iter("bcde")
    at_once(4, lambda: change_slug(lamp, next(names)))
    current = Product.objects.get(pk=lamp.pk).slug
    former = {"lamp", *"bcde"} - {current}
    assert {target_of(client, f"/products/{slug}/") for slug in former} == {f"/products/{current}/"}


def test_former_slugs_of_categories_redirect_too(client, lamp):
    category = Category.objects.get(slug="home")
    update_category(pk=category.pk, slug="house")
    update_category(pk=category.pk, slug="flat")
    assert target_of(client, "/categories/home/?page=2") == "/categories/flat/?page=2"
    make_product(category="Home!")  # which gets the slug home
    assert target_of(client, "/categories/home/") == "200"
    update_product(pk=lamp.pk, is_active=False)
    assert target_of(client, "/categories/house/") == "404"  # it has no visible products
    delete_product(pk=lamp.pk)
    delete_category(category)
    assert target_of(client, "/categories/house/") == "404"


def test_a_former_slug_of_a_category_does_not_redirect_to_a_product(client, lamp):
    update_category(pk=Category.objects.get(slug="home").pk, slug="flat")
    assert target_of(client, "/products/home/") == "404"


def test_only_a_missing_page_looks_up_former_slugs_and_uses_an_index(client, lamp, sent):
    change_slug(lamp, "b")
    client.get("/products/b/")
    assert not [command for command in sent(lambda: client.get("/products/b/")) if "old_slugs" in command]
    assert plan_of(FormerSlug.objects.filter(pk="product:lamp")).examined == 1


def test_the_api_knows_only_the_current_slug(api, lamp):
    change_slug(lamp, "b")
    refused(api.get("/api/v1/products/lamp"), 404, "Product not found")
