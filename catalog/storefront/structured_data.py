"""schema.org data for search engines, as dictionaries that `{% json_ld %}` prints."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.types import ProductData


def product(product: ProductData) -> dict[str, Any]:
    url = absolute(reverse("catalog:product", args=[product["slug"]]))
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product["name"],
        "description": product["description"],
        "image": product["image"],
        "sku": str(product["product_id"]),
        "category": product["category"],
        "url": url,
        "offers": {
            "@type": "Offer",
            "price": f"{product['price']:.2f}",
            "priceCurrency": settings.CURRENCY.upper(),
            "availability": f"https://schema.org/{'InStock' if product['inventory'] > 0 else 'OutOfStock'}",
            "itemCondition": "https://schema.org/NewCondition",
            "url": url,
        },
    }
    return {name: value for name, value in data.items() if value is not None}


def breadcrumbs(*steps: tuple[str, str]) -> dict[str, Any]:
    """Return the breadcrumbs from the home page to this page, which is the last (name, path) of the steps."""
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
        for position, (name, path) in enumerate([(_("Home"), reverse("catalog:home")), *steps], 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def site() -> list[dict[str, Any]]:
    """Return the shop as an organization and as a website with a search."""
    url = absolute(reverse("catalog:home"))
    search = absolute(reverse("catalog:list")) + "?q={search_term_string}"
    return [
        {
            "@context": "https://schema.org",
            "@type": "Organization",
            "name": settings.SHOP_NAME,
            "url": url,
            "logo": absolute(static("img/touch-icon.png")),
        },
        {
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": settings.SHOP_NAME,
            "url": url,
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": search},
                "query-input": "required name=search_term_string",
            },
        },
    ]


def absolute(path: str) -> str:
    """Return the absolute URL of a path of this shop."""
    return urljoin(settings.PUBLIC_URL + "/", path)
