"""The catalog's pages."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog import categories, former_slugs, services
from catalog.categories import CategoryNotFound, category_named, get_category
from catalog.models import MAX_PRODUCT_ID
from catalog.storefront import recently_viewed, structured_data
from catalog.storefront.browsing import (
    best_sellers,
    bought_together,
    newest_products,
    product_numbered,
    related_products,
    without,
)
from catalog.storefront.listing import Listing

ON_HOME, IN_HERO = 8, 3
WITH_NO_RESULT = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    best = best_sellers(ON_HOME + IN_HERO)
    popular = best or newest_products(ON_HOME + IN_HERO)
    context = {
        "best_sellers": bool(best),
        "hero": popular[-IN_HERO:],
        "popular": popular[:ON_HOME],
        "canonical": reverse("catalog:home"),
        "facts": structured_data.site(),
    }
    return render(request, "catalog/home.html", context)


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    return _list_page(request, Listing(request.GET))


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        landing = get_category(slug)
    except CategoryNotFound:
        return _moved(request, "catalog:category", categories.current_slug(slug))
    return _list_page(request, Listing(request.GET, landing))


@require_safe
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        product = services.get_product(slug)
    except services.ProductNotFound:
        return _moved(request, "catalog:product", former_slugs.current_of_product(slug))
    category = category_named(product["category"])
    url = reverse("catalog:product", args=[slug])
    context = {
        "product": product,
        "category": category,
        **_suggestions(product),
        "viewed": recently_viewed.recently_viewed(request, but=product["product_id"]),
        "fetched_ahead": recently_viewed.is_fetched_ahead(request),
        "canonical": url,
        "facts": [
            structured_data.product(product),
            structured_data.breadcrumbs(*_category_step(category), (product["name"], url)),
        ],
    }
    response = render(request, "catalog/product.html", context)
    if recently_viewed.is_fetched_ahead(request) or request.method != "GET":
        return response
    return recently_viewed.remember(request, response, product["product_id"])


@require_safe
def seen(request: HttpRequest, product_id: int) -> HttpResponse:
    """A picture of nothing in a page that was fetched ahead: browsers ask for it once the page is shown."""
    if product_id > MAX_PRODUCT_ID or not product_numbered(product_id):
        raise Http404
    nothing = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    response = HttpResponse(nothing, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})
    if recently_viewed.is_fetched_ahead(request):
        return response
    return recently_viewed.remember(request, response, product_id)


@require_safe
def picture(request: HttpRequest, file: str) -> HttpResponse:
    """An uploaded picture. Its route takes nothing but such a file's name; what it names never changes."""
    try:
        content = (Path(settings.MEDIA_ROOT) / "products" / file).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    for_ever = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="image/webp", headers=for_ever)


def _suggestions(product: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Nothing twice: beside what is sold out, what is like it goes first."""
    together = bought_together(product)
    if product["inventory"] > 0:
        return {"together": together, "related": related_products(product, together)}
    related = related_products(product)
    return {"together": without(together, related), "related": related}


def _moved(request: HttpRequest, route: str, slug: str | None) -> HttpResponse:
    """To where the page is today. Browsers keep a 301 for good, which would lead in a circle once a slug is
    taken again: this one they ask for each time."""
    if slug is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    address = reverse(route, args=[slug]) + (f"?{query}" if query else "")
    return HttpResponsePermanentRedirect(address, headers={"Cache-Control": "no-cache"})


def _list_page(request: HttpRequest, listing: Listing) -> HttpResponse:
    name = listing.category["name"] if listing.category else _("Products")
    best = [] if listing.found.total else best_sellers(WITH_NO_RESULT)
    context = {
        "listing": listing,
        "here": listing.here,
        "products": listing.found.products,
        "category": listing.category,
        "q": listing.filters.get("q", ""),
        "canonical": listing.canonical,
        "best_sellers": bool(best),
        "popular": [] if listing.found.total else best or newest_products(WITH_NO_RESULT),
        "facts": [structured_data.breadcrumbs((name, listing.canonical))] if listing.canonical else [],
    }
    return render(request, "catalog/list.html", context)


def _category_step(category: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [(category["name"], reverse("catalog:category", args=[category["slug"]]))] if category else []
