"""What every page has: the shop's name and address, the categories of the strip, what delivery costs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from catalog.categories import list_categories
from ecommerce.core.text.money import as_text


def shop(request: HttpRequest) -> dict[str, Any]:
    """The categories are read where a template names them: the admin's pages do not."""
    return {
        "shop_name": settings.SHOP_NAME,
        "site_url": settings.PUBLIC_URL,
        "catalogue_language": settings.LANGUAGE_CODE,  # names and descriptions are stored in one
        "categories": SimpleLazyObject(list_categories),
        "delivery_note": SimpleLazyObject(delivery_note),
    }


def delivery_note() -> str:
    """What comes on top of the prices that are shown (see cart.totals): a price never promises too much."""
    price, free_from = settings.SHIPPING_PRICE, settings.FREE_SHIPPING_FROM
    if not price:
        note = _("Delivery is included in every price.")
    elif free_from is None:
        note = _("Delivery is %(price)s an order.") % {"price": as_text(price)}
    else:
        terms = {"price": as_text(price), "free_from": as_text(free_from)}
        note = _("Delivery is %(price)s an order, and free from %(free_from)s.") % terms
    return " ".join([note, _("Tax is added at the checkout.")]) if settings.TAX_PERCENT else note
