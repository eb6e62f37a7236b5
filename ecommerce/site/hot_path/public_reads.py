"""Which requests are public reads, and the entry in Redis that answers each of them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest, get_bytes_from_wsgi
from django.http import QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation
from rest_framework.exceptions import ValidationError

from catalog import cache as catalog_cache
from catalog.limits import misses, product_reads
from catalog.serializers import ListQuery, product_query
from catalog.storefront.forms import FilterForm
from ecommerce.core.web import languages
from ecommerce.core.web.bearer import claimed_user
from ecommerce.core.web.http import client_ip
from ecommerce.core.web.ratelimit import Allowance
from ecommerce.core.web.service_keys import presented_key
from ecommerce.site.hot_path.release import release

METHODS = ("GET", "HEAD")
API_VIEWS = ("products", "product")
PRODUCT_PAGE = "catalog:product"
PAGES_WITHOUT_PARAMETERS = ("catalog:home", PRODUCT_PAGE)
LISTS = ("catalog:list", "catalog:category")
API_PARAMETERS = tuple(ListQuery().fields)
LIST_PARAMETERS = (*FilterForm.base_fields, "page")
RARE_PARAMETERS = {"q", "min_price", "max_price", "page"}  # as ProductQuery.is_rare
MESSAGES_COOKIE = "messages"  # of Django's CookieStorage
FORM_SECRET = re.compile(r"(?:[A-Za-z0-9]{32}){1,2}")  # as Django accepts it
LONGEST_ADDRESS = 500  # each is kept in the memory of this process


@dataclass(frozen=True)
class PublicRead:
    """A request whose answer is the same for everyone but for its holes."""

    path: str
    query: str  # only parameters that the answer depends on
    key: str  # of its entry, in the catalog's namespace
    view: str  # the name of its URL pattern
    is_rare: bool = False  # hardly any other visitor will ask for it

    @property
    def is_page(self) -> bool:
        return self.view not in API_VIEWS

    @property
    def shows_viewed(self) -> bool:
        """Whether the page has the products viewed before."""
        return self.view == PRODUCT_PAGE


def public_read(request: WSGIRequest) -> PublicRead | None:
    """Return the public read that a request is, and None for a request that Django must answer itself."""
    if not _is_plain(request) or _changes_cookies(request):
        return None
    query = get_bytes_from_wsgi(request.environ, "QUERY_STRING", "")
    if len(request.path_info) + len(query) > LONGEST_ADDRESS:
        return None
    read = _public_read_at(request.path_info, query)
    if read is None or (not read.is_page and presented_key(request)):
        return None
    return read


def allowance_of(request: WSGIRequest, read: PublicRead) -> Allowance | None:
    """Return the rate limit that counts the request; pages have none."""
    return None if read.is_page else product_reads(claimed_user(request), client_ip(request))


def misses_of(request: WSGIRequest, read: PublicRead) -> Allowance:
    """Return the rate limit that counts the request if its answer has to be made."""
    return misses("" if read.is_page else claimed_user(request), client_ip(request))


def _is_plain(request: WSGIRequest) -> bool:
    """Return whether the request has no body, and no header that changes more than the holes of an answer."""
    meta = request.META
    return (
        request.method in METHODS
        and not settings.DEV_RELOAD
        and meta.get("CONTENT_LENGTH", "") in ("", "0")
        and "HTTP_TRANSFER_ENCODING" not in meta
        and "HTTP_RANGE" not in meta
        and not meta.get("SCRIPT_NAME")
        and _host_is_allowed(request)
    )


def _host_is_allowed(request: WSGIRequest) -> bool:
    try:
        return bool(request.get_host())
    except DisallowedHost:
        return False


def _changes_cookies(request: WSGIRequest) -> bool:
    """Return whether Django would change the cookies: it shows messages once, and replaces a bad secret."""
    secret = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    return MESSAGES_COOKIE in request.COOKIES or bool(secret and not FORM_SECRET.fullmatch(secret))


@lru_cache(4096)
def _public_read_at(path: str, query: bytes) -> PublicRead | None:
    match = _resolve(path)
    if match is None:
        return None
    name, params = match.view_name, QueryDict(query)
    if name == "products":
        return _api_list(path, _chosen(params, API_PARAMETERS))
    if name == "product":
        key = catalog_cache.slug_key(match.kwargs["slug"])
        return PublicRead(path, "", f"{key}:answer:{release()}", name)
    if name in PAGES_WITHOUT_PARAMETERS:
        return _page(path, "", name)
    if name in LISTS:
        chosen = _chosen(params, LIST_PARAMETERS)
        is_rare = not RARE_PARAMETERS.isdisjoint(chosen)
        return _page(path, urlencode(chosen), name, is_rare=is_rare)
    return None


def _resolve(path: str) -> ResolverMatch | None:
    with translation.override(languages.of_path(path)):
        try:
            return resolve(path)
        except Resolver404:
            return None


def _chosen(params: QueryDict, names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(params[name]) for name in names if params.get(name)}


def _api_list(path: str, params: dict[str, str]) -> PublicRead | None:
    try:
        query = product_query(params)
    except ValidationError:
        return None
    key = f"{query.key}:answer:{release()}"
    return PublicRead(path, urlencode(params), key, "products", is_rare=query.is_rare)


def _page(path: str, query: str, view: str, *, is_rare: bool = False) -> PublicRead:
    return PublicRead(path, query, f"page:{path}?{query}:{release()}", view, is_rare)
