"""schema.org facts for search engines: dictionaries that `{% json_ld %}` prints."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _


def product(product: dict[str, Any]) -> dict[str, Any]:
    url = absolute(reverse("catalog:product", args=[product["slug"]]))
    facts = {
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
    return {name: value for name, value in facts.items() if value is not None}


def breadcrumbs(*steps: tuple[str, str]) -> dict[str, Any]:
    """From the home page on: (name, path) of each step, the page itself last."""
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": absolute(path)}
        for position, (name, path) in enumerate([(_("Home"), reverse("catalog:home")), *steps], 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def site() -> list[dict[str, Any]]:
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
    return urljoin(settings.PUBLIC_URL + "/", path)
