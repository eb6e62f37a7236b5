"""robots.txt and sitemaps for crawlers, and speculation rules for browsers that fetch pages ahead."""

from collections.abc import Iterable, Iterator
from math import ceil
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog import cache
from catalog.categories import list_categories
from catalog.models import Product
from catalog.storefront.structured_data import absolute
from ecommerce.core.web.languages import in_language

PRODUCTS_PER_FILE = 2_000
NAMESPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
PRIVATE_ROUTES = ("cart:detail", "orders:checkout", "orders:list", "accounts:detail")
PRIVATE_PATHS = ("/api/", "/admin/")  # without a language prefix
Route = tuple[str, *tuple[str, ...]]  # the name of a URL pattern and its arguments


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    private = [path for name in PRIVATE_ROUTES for path in _paths_by_language((name,)).values()]
    rules = [f"Disallow: {path}" for path in [*private, *PRIVATE_PATHS]]
    lines = ["User-agent: *", *rules, "", f"Sitemap: {absolute(reverse('crawlers:sitemap'))}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Show the index: one file for pages and categories, and as many as needed for products."""
    return _xml(cache.read("sitemap", _fill_index, shows_stock=False))


@require_safe
def page_sitemap(request: HttpRequest) -> HttpResponse:
    return _xml(cache.read("sitemap:pages", lambda: _urlset(_page_routes()), shows_stock=False))


@require_safe
def product_sitemap(request: HttpRequest, part: int) -> HttpResponse:
    if not 1 <= part <= _product_file_count():
        raise Http404
    return _xml(cache.read(f"sitemap:{part}", lambda: _urlset(_product_routes(part)), shows_stock=False))


@require_safe
@cache_control(public=True, max_age=3600)
def speculation_rules(request: HttpRequest) -> HttpResponse:
    """Name the pages that browsers may fetch while the pointer rests on a link: only product and category."""
    routes = ("catalog:product", "SLUG"), ("catalog:category", "SLUG")
    paths = [path for route in routes for path in _paths_by_language(route).values()]
    patterns = [path.replace("SLUG", ":slug") for path in paths]
    rules = {"prefetch": [{"where": {"href_matches": patterns}, "eagerness": "moderate"}]}
    return JsonResponse(rules, content_type="application/speculationrules+json")


def _product_file_count() -> int:
    return int(cache.read("sitemap:files", _fill_product_file_count, shows_stock=False))


def _fill_product_file_count() -> bytes:
    return b"%d" % ceil(Product.objects.visible().count() / PRODUCTS_PER_FILE)


def _fill_index() -> bytes:
    parts = range(1, _product_file_count() + 1)
    paths = [reverse("crawlers:pages"), *(reverse("crawlers:products", args=[part]) for part in parts)]
    sitemaps = "".join(f"<sitemap><loc>{escape(absolute(path))}</loc></sitemap>\n" for path in paths)
    return _document("sitemapindex", sitemaps)


def _page_routes() -> Iterator[Route]:
    yield ("catalog:home",)
    yield ("catalog:list",)
    for category in list_categories():
        yield "catalog:category", category["slug"]


def _product_routes(part: int) -> Iterator[Route]:
    start = (part - 1) * PRODUCTS_PER_FILE
    slugs = Product.objects.visible().order_by("product_id").values_list("slug", flat=True)
    return (("catalog:product", slug) for slug in slugs[start : start + PRODUCTS_PER_FILE])


def _urlset(routes: Iterable[Route]) -> bytes:
    """Return a sitemap. It has no `lastmod`: the date of the last change is not stored for most pages."""
    return _document("urlset", "".join(_urls(_paths_by_language(route)) for route in routes))


def _urls(paths: dict[str, str]) -> str:
    """Return an entry for the page in each language, every one with links to all languages."""
    alternates = {**paths, "x-default": paths[settings.LANGUAGE_CODE]}
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href={quoteattr(absolute(path))}/>'
        for code, path in alternates.items()
    )
    return "".join(f"<url><loc>{escape(absolute(path))}</loc>{links}</url>\n" for path in paths.values())


def _paths_by_language(route: Route) -> dict[str, str]:
    path = reverse(route[0], args=route[1:])
    return {code: in_language(path, code) for code, _ in settings.LANGUAGES}


def _document(root: str, content: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<{root} {NAMESPACES}>\n{content}</{root}>\n".encode()


def _xml(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/xml")
