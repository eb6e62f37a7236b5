"""The pages of the catalog."""

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog import categories, former_slugs, queries
from catalog.categories import CategoryNotFound
from catalog.images.image_urls import UPLOAD_FOLDER
from catalog.models import MAX_PRODUCT_ID
from catalog.recommendations.suggestions import (
    best_sellers,
    bought_together,
    newest_products,
    related_products,
    without,
)
from catalog.storefront import structured_data
from catalog.storefront.listing import Listing
from catalog.storefront.recently_viewed import is_prefetch, recently_viewed, remember
from catalog.types import CategoryData, ProductData
from ecommerce.core.web.http import shared_answer

HOME_PRODUCTS, HERO_PRODUCTS = 8, 3
NO_RESULT_PRODUCTS = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    limit = HOME_PRODUCTS + HERO_PRODUCTS
    best = best_sellers(limit)
    products = best or newest_products(limit)
    context = {
        "best_sellers": bool(best),
        "hero": products[-HERO_PRODUCTS:],
        "popular": products[:HOME_PRODUCTS],
        "canonical": reverse("catalog:home"),
        "page_url": reverse("catalog:home"),
        "structured_data": structured_data.site(),
    }
    return render(request, "catalog/home.html", context)


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    return _list_page(request, Listing(request.GET))


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        category = categories.get_category(slug)
    except CategoryNotFound:
        return _redirect_to_current(request, "catalog:category", categories.current_category_slug(slug))
    return _list_page(request, Listing(request.GET, category_page=category))


@require_safe
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        product = queries.get_product(slug)
    except queries.ProductNotFound:
        return _redirect_to_current(request, "catalog:product", former_slugs.current_product_slug(slug))
    response = render(request, "catalog/product.html", _product_context(request, product))
    if is_prefetch(request) or request.method != "GET" or shared_answer(request):
        return response
    return remember(request, response, product["product_id"])


@require_safe
def seen(request: HttpRequest, product_id: int) -> HttpResponse:
    """Remember a product whose page was prefetched: browsers load this empty picture once they show it."""
    if product_id > MAX_PRODUCT_ID or not queries.find_product(product_id):
        raise Http404
    empty = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    response = HttpResponse(empty, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})
    return response if is_prefetch(request) else remember(request, response, product_id)


@require_safe
def picture(request: HttpRequest, file: str) -> HttpResponse:
    """Send an uploaded picture. The URL pattern only matches names of such files, which never change."""
    try:
        with default_storage.open(f"{UPLOAD_FOLDER}/{file}") as picture_file:
            content = picture_file.read()
    except FileNotFoundError:
        raise Http404 from None
    forever = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="image/webp", headers=forever)


def _product_context(request: HttpRequest, product: ProductData) -> dict[str, object]:
    category = categories.find_category(product["category"])
    url = reverse("catalog:product", args=[product["slug"]])
    breadcrumbs = [*_category_step(category), (product["name"], url)]
    return {
        "product": product,
        "category": category,
        **_suggestions(product),
        "viewed": SimpleLazyObject(lambda: recently_viewed(request, exclude=product["product_id"])),
        "is_prefetch": is_prefetch(request),
        "canonical": url,
        "page_url": url,
        "structured_data": [
            structured_data.product(product),
            structured_data.breadcrumbs(*breadcrumbs),
        ],
    }


def _suggestions(product: ProductData) -> dict[str, list[ProductData]]:
    """Return both lists without duplicates; for a sold-out product the related ones take precedence."""
    together = bought_together(product)
    if product["inventory"] > 0:
        return {"together": together, "related": related_products(product, exclude=together)}
    related = related_products(product)
    return {"together": without(together, exclude=related), "related": related}


def _redirect_to_current(request: HttpRequest, route: str, slug: str | None) -> HttpResponse:
    """Redirect to the page with its current slug, or answer 404 if there is none.

    Browsers keep a 301 for good, which would cause a loop once another page takes the former slug; with
    `no-cache` they ask each time.
    """
    if slug is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    url = reverse(route, args=[slug]) + (f"?{query}" if query else "")
    return HttpResponsePermanentRedirect(url, headers={"Cache-Control": "no-cache"})


def _list_page(request: HttpRequest, listing: Listing) -> HttpResponse:
    name = listing.category["name"] if listing.category else _("Products")
    best = [] if listing.total else best_sellers(NO_RESULT_PRODUCTS)
    context = {
        "listing": listing,
        "page_url": listing.url,
        "products": listing.result.products,
        "category": listing.category,
        "q": listing.filters.get("q", ""),
        "canonical": listing.canonical,
        "best_sellers": bool(best),
        "popular": [] if listing.total else best or newest_products(NO_RESULT_PRODUCTS),
        "structured_data": [structured_data.breadcrumbs((name, listing.canonical))]
        if listing.canonical
        else [],
    }
    return render(request, "catalog/list.html", context)


def _category_step(category: CategoryData | None) -> list[tuple[str, str]]:
    return [(category["name"], reverse("catalog:category", args=[category["slug"]]))] if category else []
