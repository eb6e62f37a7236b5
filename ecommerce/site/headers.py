"""Response headers: what a page may load, where its forms may lead, and what may be prefetched and cached.

Not by django-csp: it knows one policy, and ours differ by address, also for pages of packages.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ecommerce.core.web.languages import without_language
from payments.gateways import checkout_origins

GetResponse = Callable[[HttpRequest], HttpResponse]
Policy = dict[str, str]

SHOP: Policy = {
    "default-src": "'self'",
    "img-src": "'self' data: https:",  # pictures of products may be on other hosts
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
API: Policy = {"default-src": "'none'", "frame-ancestors": "'none'"}
INLINE = "'self' 'unsafe-inline'"
EXCEPTIONS: dict[str, Policy] = {
    "/api/": API,
    # Its theme uses Alpine, which evaluates attributes, and inline styles.
    "/admin/": SHOP | {"script-src": f"{INLINE} 'unsafe-eval'", "style-src": INLINE},
    "/docs": SHOP | {"script-src": INLINE, "style-src": INLINE},  # started by an inline script
    # ReDoc would load a logo from its maker's host, and works without it.
    "/redoc": SHOP | {"img-src": "'self' data:", "style-src": INLINE, "worker-src": "blob:"},
}
# The forms of these pages redirect to the payment provider. Browsers check every redirect of a form.
PAYING = re.compile(r"/checkout/|/orders/[^/]+/(pay/)?")
PERMISSIONS = "camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"

SPECULATION_RULES = '"/speculation-rules.json"'  # of catalog.storefront.crawlers


class BrowserPolicies:
    """Adds Content-Security-Policy, Permissions-Policy, Cache-Control and Speculation-Rules.

    A view that sets one of these itself keeps its own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", as_text(policy_for(request.path)))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        _limit_caching(request, response)
        if is_page(request.path):
            _add_prefetching(request, response)
        return response


def _limit_caching(request: HttpRequest, response: HttpResponse) -> None:
    """Keep answers for one person out of shared caches, and those of the API out of all caches."""
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    elif response.get("Content-Type", "").startswith("text/html"):
        response.headers.setdefault("Cache-Control", "private, no-cache")  # may be kept, but not used unasked


def is_page(path: str) -> bool:
    """Return whether the path is a page of the storefront."""
    return not path.startswith(tuple(EXCEPTIONS))


def _add_prefetching(request: HttpRequest, response: HttpResponse) -> None:
    """Let browsers fetch pages before a click, and discard those when a request changes something."""
    if request.method not in ("GET", "HEAD"):
        response["Clear-Site-Data"] = '"prefetchCache", "prerenderCache"'
    elif response.get("Content-Type", "").startswith("text/html"):
        response["Speculation-Rules"] = SPECULATION_RULES


def policy_for(path: str) -> Policy:
    """Return the Content-Security-Policy for a path."""
    for beginning, policy in EXCEPTIONS.items():
        if path.startswith(beginning):
            return policy
    if PAYING.fullmatch(without_language(path)):
        return SHOP | {"form-action": " ".join(["'self'", *checkout_origins()])}
    return SHOP


def as_text(policy: Policy) -> str:
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
