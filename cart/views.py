"""The pages of the cart. A visitor becomes a guest with the first item; signing in brings the cart along."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cart import services, session
from cart.forms import QuantityForm
from cart.models import Buyer, Guest
from cart.quotes import quote_cart
from catalog.models import Product
from ecommerce.core.errors import DomainError


@require_safe
@never_cache  # going back must not show what has been ordered since
def detail(request: HttpRequest) -> HttpResponse:
    cart = session.cart_of(request)
    quote = quote_cart(cart) if cart else None
    return render(request, "cart/cart.html", {"quote": quote, "removed": _removed(request)})


@require_POST
def add(request: HttpRequest, product_id: int) -> HttpResponse:
    """Add to the cart as many as are in stock; without a usable quantity, add one."""
    try:
        product = services.get_product(product_id)
    except services.ProductNotAvailable:
        messages.error(request, _("This product is not available any more."))
        return redirect("cart:detail")
    buyer = session.buyer_of(request) or Guest.new()
    _add(request, buyer, product, QuantityForm(request.POST).quantity or 1)
    return session.keep(redirect(_next_page(request, product)), buyer)


@require_POST
def update(request: HttpRequest, product_id: int) -> HttpResponse:
    """Set a line to as many as are in stock; 0 removes it, and anything that is no quantity leaves it."""
    form = QuantityForm(request.POST)
    quantity = form.quantity
    if quantity == 0:
        return remove(request, product_id)
    if quantity is None:
        messages.error(request, form.fields["qty"].error_messages["invalid"])
    elif buyer := session.buyer_of(request):
        _set_quantity(request, buyer, product_id, quantity)
    return redirect("cart:detail")


@require_POST
def remove(request: HttpRequest, product_id: int) -> HttpResponse:
    """Remove the line; the cart page then offers to put it back."""
    buyer = session.buyer_of(request)
    if buyer is None:
        return redirect("cart:detail")
    quantities = services.get_cart(user=buyer).quantities
    services.remove_item(user=buyer, product_id=product_id)
    query = f"?removed={product_id}&qty={quantities[product_id]}" if product_id in quantities else ""
    return redirect(reverse("cart:detail") + query)


def _add(request: HttpRequest, buyer: Buyer, product: Product, quantity: int) -> None:
    try:
        result = services.add_up_to_stock(product, user=buyer, qty=quantity)
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
        return
    _explain_limit(request, product, result)
    if result.added:
        text = _("%(name)s is in your cart.") % {"name": product.name}
        messages.success(request, text, extra_tags="cart")


def _set_quantity(request: HttpRequest, buyer: Buyer, product_id: int, quantity: int) -> None:
    """Set the line's quantity. If the product is gone, the cart page already says so."""
    try:
        product = services.get_product(product_id)
    except services.ProductNotAvailable:
        return
    result = services.set_quantity_up_to_stock(product, user=buyer, qty=quantity)
    _explain_limit(request, product, result)


def _explain_limit(request: HttpRequest, product: Product, result: services.LimitedQuantity) -> None:
    """Tell the customer if the cart holds less than was wanted."""
    if result.allowed == 0:
        messages.warning(request, _("%(name)s is sold out.") % {"name": product.name})
    elif result.is_reduced:
        text = ngettext(
            "Only %(count)d of %(name)s can be in your cart.",
            "Only %(count)d of %(name)s can be in your cart.",
            result.allowed,
        )
        messages.warning(request, text % {"count": result.allowed, "name": product.name})


def _next_page(request: HttpRequest, product: Product) -> str:
    """Return the cart after an undo, and otherwise the product's page."""
    if request.POST.get("back") == "cart":
        return reverse("cart:detail")
    return reverse("catalog:product", args=[product.slug])


def _removed(request: HttpRequest) -> dict[str, object] | None:
    """Return the product and quantity that the address says were just removed, for the offer to undo it."""
    number = request.GET.get("removed", "")
    if not (number.isascii() and number.isdigit() and len(number) < 11):
        return None
    product = Product.objects.visible().filter(product_id=int(number)).first()
    quantity = QuantityForm(request.GET).quantity
    return {"product": product, "qty": 1 if quantity is None else quantity} if product else None
