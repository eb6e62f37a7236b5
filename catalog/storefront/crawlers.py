"""What the shop tells programs that visit it: crawlers what to look at, browsers what to fetch ahead."""

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
PRIVATE = ("cart:detail", "orders:checkout", "orders:list", "accounts:detail")
OF_PROGRAMS_AND_STAFF = ("/api/", "/admin/")  # in no language of their own
Route = tuple[str, *tuple[str, ...]]  # a name and its arguments


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    private = [path for name in PRIVATE for path in _paths((name,)).values()]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in [*private, *OF_PROGRAMS_AND_STAFF]), ""]
    lines.append(f"Sitemap: {absolute(reverse('crawlers:sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The index: one file of pages and categories, and the products' files."""
    return _xml(cache.read("sitemap", _fill_index, None))


@require_safe
def sitemap_of_pages(request: HttpRequest) -> HttpResponse:
    return _xml(cache.read("sitemap:pages", lambda: _urlset(_pages()), None))


@require_safe
def sitemap_of_products(request: HttpRequest, part: int) -> HttpResponse:
    if not 1 <= part <= _product_files():
        raise Http404
    return _xml(cache.read(f"sitemap:{part}", lambda: _urlset(_products(part)), None))


@require_safe
@cache_control(public=True, max_age=3600)
def speculation_rules(request: HttpRequest) -> HttpResponse:
    """What browsers may fetch while the pointer rests on a link: pages that change nothing, and no others."""
    slugs = ("catalog:product", "SLUG"), ("catalog:category", "SLUG")
    patterns = [path.replace("SLUG", ":slug") for route in slugs for path in _paths(route).values()]
    rules = {"prefetch": [{"where": {"href_matches": patterns}, "eagerness": "moderate"}]}
    return JsonResponse(rules, content_type="application/speculationrules+json")


def _product_files() -> int:
    return int(cache.read("sitemap:files", _fill_product_files, None))


def _fill_product_files() -> bytes:
    return b"%d" % ceil(Product.objects.visible().count() / PRODUCTS_PER_FILE)


def _fill_index() -> bytes:
    numbers = range(1, _product_files() + 1)
    paths = [reverse("crawlers:pages"), *(reverse("crawlers:products", args=[number]) for number in numbers)]
    places = "".join(f"<sitemap><loc>{escape(absolute(path))}</loc></sitemap>\n" for path in paths)
    return _document("sitemapindex", places)


def _pages() -> Iterator[Route]:
    yield ("catalog:home",)
    yield ("catalog:list",)
    for category in list_categories():
        yield "catalog:category", category["slug"]


def _products(part: int) -> Iterator[Route]:
    start = (part - 1) * PRODUCTS_PER_FILE
    rows = Product.objects.visible().order_by("product_id").values_list("slug", flat=True)
    return (("catalog:product", slug) for slug in rows[start : start + PRODUCTS_PER_FILE])


def _urlset(routes: Iterable[Route]) -> bytes:
    """Without `lastmod`: nobody writes down when a page last changed, and a wrong date is worse than none."""
    return _document("urlset", "".join(_urls(_paths(route)) for route in routes))


def _urls(paths: dict[str, str]) -> str:
    """The page in each language, which names all of them."""
    named = {**paths, "x-default": paths[settings.LANGUAGE_CODE]}
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href={quoteattr(absolute(path))}/>'
        for code, path in named.items()
    )
    return "".join(f"<url><loc>{escape(absolute(path))}</loc>{links}</url>\n" for path in paths.values())


def _paths(route: Route) -> dict[str, str]:
    """By language."""
    path = reverse(route[0], args=route[1:])
    return {code: in_language(path, code) for code, _ in settings.LANGUAGES}


def _document(root: str, content: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<{root} {NAMESPACES}>\n{content}</{root}>\n".encode()


def _xml(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/xml")
