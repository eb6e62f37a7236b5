"""Addresses that have moved lead on; those that somebody else has now, or nobody, do not."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_every_invariant_holds")]


@pytest.fixture
def _every_invariant_holds(fsck):
    yield
    fsck()


@pytest.fixture
def lamp() -> Product:
    return make_product(name="Lamp", slug="lamp", category="Home")


def rename(product: Product, *slugs: str) -> None:
    for slug in slugs:
        update_product(pk=product.pk, slug=slug)


def leads(client: Client, path: str) -> str:
    """Where it leads at once, or what it answers."""
    response = client.get(path)
    if response.status_code != 301:
        return str(response.status_code)
    assert response["Cache-Control"] == "no-cache"
    return response["Location"]


def test_an_old_address_leads_to_the_new_one_with_all_that_was_added(client, lamp):
    rename(lamp, "desk-lamp")
    assert leads(client, "/products/lamp/?utm_source=a%20b&x=%C3%A9") == (
        "/products/desk-lamp/?utm_source=a%20b&x=%C3%A9"
    )
    assert leads(client, "/de/products/lamp/?a=1") == "/de/products/desk-lamp/?a=1"
    assert client.head("/products/lamp/")["Location"] == "/products/desk-lamp/"
    assert client.get("/products/lamp/", follow=True).status_code == 200


def test_a_chain_is_one_step_from_each_of_its_links(client, lamp):
    rename(lamp, "b", "c", "d")
    assert [leads(client, f"/products/{slug}/") for slug in ("lamp", "b", "c")] == ["/products/d/"] * 3


def test_who_comes_back_is_served_and_led_to(client, lamp):
    rename(lamp, "b", "lamp")
    assert leads(client, "/products/lamp/") == "200"
    assert leads(client, "/products/b/") == "/products/lamp/"


@pytest.mark.parametrize("by", ["making", "renaming", "importing"])
def test_a_slug_that_another_product_takes_is_that_ones(client, lamp, by, run):  # noqa: F811
    rename(lamp, "b")
    if by == "making":
        other = make_product(slug="lamp")
    elif by == "renaming":
        other = make_product(slug="other")
        rename(other, "lamp")
    else:
        run("slug,name,price\nlamp,Another lamp,5\n")
        other = Product.objects.get(slug="lamp")
    assert leads(client, "/products/lamp/") == "200"
    update_product(pk=other.pk, is_active=False)
    assert leads(client, "/products/lamp/") == "404"
    delete_product(pk=other.pk)
    assert leads(client, "/products/lamp/") == "404"


def test_a_slug_leads_to_whoever_had_it_last(client, lamp):
    rename(lamp, "b")
    other = make_product(slug="lamp")
    rename(other, "c")
    assert leads(client, "/products/lamp/") == "/products/c/"


def test_a_hidden_or_deleted_product_is_not_found_by_its_old_slug_either(client, lamp):
    rename(lamp, "b")
    update_product(pk=lamp.pk, is_active=False)
    assert leads(client, "/products/lamp/") == "404"
    delete_product(pk=lamp.pk)
    assert leads(client, "/products/lamp/") == "404"
    assert not FormerSlug.objects.exists()


def test_a_change_that_fails_moves_nothing(client, lamp):
    make_product(slug="taken")
    with pytest.raises(Exception, match="Slug already exists"):
        update_product(pk=lamp.pk, slug="taken", name="Other")
    assert leads(client, "/products/lamp/") == "200"
    assert not FormerSlug.objects.exists()


def test_two_that_rename_it_at_once_leave_both_old_addresses_leading_there(client, lamp):
    names = iter("bcde")
    at_once(4, lambda: rename(lamp, next(names)))
    now = Product.objects.get(pk=lamp.pk).slug
    old = {"lamp", *"bcde"} - {now}
    assert {leads(client, f"/products/{slug}/") for slug in old} == {f"/products/{now}/"}


def test_a_category_leads_on_too(client, lamp):
    category = Category.objects.get(slug="home")
    update_category(pk=category.pk, slug="house")
    update_category(pk=category.pk, slug="flat")
    assert leads(client, "/categories/home/?page=2") == "/categories/flat/?page=2"
    make_product(category="Home!")  # its slug would be home again
    assert leads(client, "/categories/home/") == "200"
    update_product(pk=lamp.pk, is_active=False)
    assert leads(client, "/categories/house/") == "404"  # nothing to show there
    delete_product(pk=lamp.pk)
    delete_category(category)
    assert leads(client, "/categories/house/") == "404"


def test_a_product_is_not_found_by_the_old_slug_of_a_category(client, lamp):
    update_category(pk=Category.objects.get(slug="home").pk, slug="flat")
    assert leads(client, "/products/home/") == "404"


def test_only_a_page_that_is_not_found_asks_and_by_an_index(client, lamp, sent):
    rename(lamp, "b")
    client.get("/products/b/")
    assert not [command for command in sent(lambda: client.get("/products/b/")) if "old_slugs" in command]
    assert plan_of(FormerSlug.objects.filter(pk="product:lamp")).examined == 1


def test_the_api_knows_todays_slug_alone(api, lamp):
    rename(lamp, "b")
    refused(api.get("/api/v1/products/lamp"), 404, "Product not found")
