"""What a page may load and where its forms may lead: the shop alone, with documented exceptions; and what a
browser may fetch ahead."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ecommerce.core.web.languages import without_language
from payments.gateways import checkout_origins

GetResponse = Callable[[HttpRequest], HttpResponse]
Policy = dict[str, str]

SHOP: Policy = {
    "default-src": "'self'",
    "img-src": "'self' data: https:",  # products may name pictures elsewhere
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
API: Policy = {"default-src": "'none'", "frame-ancestors": "'none'"}
INLINE = "'self' 'unsafe-inline'"
EXCEPTIONS: dict[str, Policy] = {
    "/api/": API,
    # Its theme has Alpine, which evaluates attributes, and inline styles.
    "/admin/": SHOP | {"script-src": f"{INLINE} 'unsafe-eval'", "style-src": INLINE},
    "/docs": SHOP | {"script-src": INLINE, "style-src": INLINE},  # Swagger UI's page starts it inline
    # ReDoc takes a logo from its maker's host, and does without where that is not allowed.
    "/redoc": SHOP | {"img-src": "'self' data:", "style-src": INLINE, "worker-src": "blob:"},
}
# The forms of these pages redirect to the payment provider. Browsers check every redirect of a form.
PAYING = re.compile(r"/checkout/|/orders/[^/]+/pay/")
PERMISSIONS = "camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"

SPECULATION_RULES = '"/speculation-rules.json"'  # of catalog.storefront.crawlers


class BrowserPolicies:
    """Adds Content-Security-Policy, Permissions-Policy and Speculation-Rules; a view's own policy stays."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", as_text(policy_for(request.path)))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if is_page(request.path):
            _look_ahead(request, response)
        return response


def is_page(path: str) -> bool:
    """Of the shop, for people."""
    return not path.startswith(tuple(EXCEPTIONS))


def _look_ahead(request: HttpRequest, response: HttpResponse) -> None:
    """Browsers may fetch pages before a click; what they have so is thrown away when something changes."""
    if request.method not in ("GET", "HEAD"):
        response["Clear-Site-Data"] = '"prefetchCache", "prerenderCache"'
    elif response.get("Content-Type", "").startswith("text/html"):
        response["Speculation-Rules"] = SPECULATION_RULES


def policy_for(path: str) -> Policy:
    for beginning, policy in EXCEPTIONS.items():
        if path.startswith(beginning):
            return policy
    if PAYING.fullmatch(without_language(path)):
        return SHOP | {"form-action": " ".join(["'self'", *checkout_origins()])}
    return SHOP


def as_text(policy: Policy) -> str:
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
