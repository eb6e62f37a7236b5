"""The context of every page: the shop's name and URL, the categories in the header, the cost of delivery."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from catalog.categories import list_categories
from ecommerce.core.text.money import as_text


def shop(request: HttpRequest) -> dict[str, Any]:
    """Return the context. The lazy parts are read only by templates that use them; the admin does not."""
    return {
        "shop_name": settings.SHOP_NAME,
        "site_url": settings.PUBLIC_URL,
        "catalogue_language": settings.LANGUAGE_CODE,  # the one language of names and descriptions
        "categories": SimpleLazyObject(list_categories),
        "delivery_note": SimpleLazyObject(delivery_note),
    }


def delivery_note() -> str:
    """Return what delivery and tax add to the prices shown (see cart.totals)."""
    price, free_from = settings.SHIPPING_PRICE, settings.FREE_SHIPPING_FROM
    if not price:
        note = _("Delivery is included in every price.")
    elif free_from is None:
        note = _("Delivery is %(price)s an order.") % {"price": as_text(price)}
    else:
        terms = {"price": as_text(price), "free_from": as_text(free_from)}
        note = _("Delivery is %(price)s an order, and free from %(free_from)s.") % terms
    return " ".join([note, _("Tax is added at the checkout.")]) if settings.TAX_PERCENT else note
