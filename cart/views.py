"""The pages of the cart. A visitor becomes a guest with the first item; signing in brings the cart along."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cart import pricing, services, session
from cart.forms import QuantityForm
from cart.models import MAX_QTY, Buyer, Guest
from catalog.models import Product
from ecommerce.core.errors import DomainError


@require_safe
@never_cache  # going back must not show what has been ordered since
def detail(request: HttpRequest) -> HttpResponse:
    cart = session.cart_of(request)
    priced = pricing.price(cart) if cart else pricing.PricedCart([])
    return render(request, "cart/cart.html", {"cart": priced, "removed": _removed(request)})


@require_POST
def add(request: HttpRequest, product_id: int) -> HttpResponse:
    """Add to the cart, clamped to the stock that is shown."""
    wanted = max(1, QuantityForm(request.POST).wanted)
    product = Product.objects.visible().filter(product_id=product_id).first()
    if product is None:
        messages.error(request, _("This product is not available any more."))
        return redirect("cart:detail")
    buyer = session.buyer_of(request) or Guest.new()
    _add_clamped(request, buyer, product, wanted)
    return session.keep(redirect(_back(request, product)), buyer)


@require_POST
def update(request: HttpRequest, product_id: int) -> HttpResponse:
    """Set a line's quantity, clamped to the stock; 0 removes it."""
    wanted = QuantityForm(request.POST).wanted
    if wanted == 0:
        return remove(request, product_id)
    buyer = session.buyer_of(request)
    product = Product.objects.visible().filter(product_id=product_id).first()
    allowed = _clamp(request, product, wanted) if product and buyer else 0
    if buyer and allowed:
        services.set_quantity(user=buyer, product_id=product_id, qty=allowed)
    return redirect("cart:detail")


@require_POST
def remove(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take the line out; the cart page then offers to put it back."""
    if (buyer := session.buyer_of(request)) is None:
        return redirect("cart:detail")
    quantities = {item.product_id: item.qty for item in services.get_cart(user=buyer).items}
    services.remove_item(user=buyer, product_id=product_id)
    query = f"?removed={product_id}&qty={quantities[product_id]}" if product_id in quantities else ""
    return redirect(reverse("cart:detail") + query)


def _add_clamped(request: HttpRequest, buyer: Buyer, product: Product, wanted: int) -> None:
    have = {item.product_id: item.qty for item in services.get_cart(user=buyer).items}
    held = have.get(product.product_id, 0)
    allowed = _clamp(request, product, held + wanted) - held
    if allowed <= 0:
        return
    try:
        services.add_item(user=buyer, product_id=product.product_id, qty=allowed)
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
    else:
        text = _("%(name)s is in your cart.") % {"name": product.name}
        messages.success(request, text, extra_tags="cart")


def _clamp(request: HttpRequest, product: Product, wanted: int) -> int:
    """At most what is in stock and fits a line; the customer is told."""
    allowed = min(wanted, product.inventory, MAX_QTY)
    if allowed == 0:
        messages.warning(request, _("%(name)s is sold out.") % {"name": product.name})
    elif allowed < wanted:
        text = ngettext(
            "Only %(count)d of %(name)s can be in your cart.",
            "Only %(count)d of %(name)s can be in your cart.",
            allowed,
        )
        messages.warning(request, text % {"count": allowed, "name": product.name})
    return allowed


def _back(request: HttpRequest, product: Product) -> str:
    """Undo leads back to the cart, everything else to the product's own page."""
    if request.POST.get("back") == "cart":
        return reverse("cart:detail")
    return reverse("catalog:product", args=[product.slug])


def _removed(request: HttpRequest) -> dict[str, object] | None:
    """What was just taken out, from the address, for the offer to put it back."""
    number = request.GET.get("removed", "")
    if not (number.isascii() and number.isdigit() and len(number) < 11):
        return None
    product = Product.objects.visible().filter(product_id=int(number)).first()
    return {"product": product, "qty": QuantityForm(request.GET).wanted} if product else None
