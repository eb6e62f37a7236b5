"""The pages of checkout and orders."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import services as addresses
from accounts.models import User
from cart.models import Buyer, Guest
from cart.quotes import quote_cart
from cart.services import get_cart
from cart.session import buyer_of, keep
from ecommerce.core.errors import DomainError
from ecommerce.core.web.http import signed_in
from orders import services, timeline
from orders.access.session import with_order
from orders.forms import CheckoutForm
from orders.models import Order
from orders.order_contact import known_contact

PAGE_SIZE = 20
TYPED = "checkout"  # session key of what was typed, for a customer who leaves the checkout and comes back
UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the checkout, and on a POST place the order and go on to the payment.

    The form has a key, so a double click, going back and a refresh all find the same order. The redirect
    keeps the method, because only a POST starts a payment.
    """
    buyer = buyer_of(request)
    if buyer is None:
        return redirect("cart:detail")
    order = _place_order(request, buyer) if request.POST else None
    if order is not None:
        return redirect("payments:pay", order.number, preserve_request=True)
    return _checkout_page(request, buyer)


def _place_order(request: HttpRequest, buyer: Buyer) -> Order | None:
    """Return the order of the posted form, or None if the form has errors or the order is refused."""
    form = CheckoutForm(request.POST)
    request.session[TYPED] = form.typed
    if not form.is_valid():
        return None
    try:
        placed = services.place_order(
            user=buyer,
            contact=form.contact,
            key=form.cleaned_data["key"],
            seen_total=form.cleaned_data["seen_total"],
        )
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
        return None
    del request.session[TYPED]
    _keep_address(request, buyer, form)
    return placed.order


def _keep_address(request: HttpRequest, buyer: Buyer, form: CheckoutForm) -> None:
    """Save the address in the customer's account if the box is ticked."""
    address = form.contact.shipping_address
    if not (isinstance(buyer, User) and address and form.cleaned_data["keep"]):
        return
    try:
        addresses.save_address(buyer, address=address)
    except DomainError as refusal:
        messages.warning(request, refusal.in_words)


def _checkout_page(request: HttpRequest, buyer: Buyer) -> HttpResponse:
    """Show the form with the current total, or the cart if it cannot be ordered as it is."""
    quote = quote_cart(get_cart(user=buyer))
    if not quote.can_be_ordered:
        return redirect("cart:detail")
    if request.POST:
        form, status = CheckoutForm.again(request.POST, quote), UNPROCESSABLE
    else:
        form, status = CheckoutForm.fresh(quote, _known_fields(request, buyer)), 200
    context = {
        "quote": quote,
        "form": form,
        "addresses": addresses.list_addresses(buyer) if isinstance(buyer, User) else [],
        "simulated": settings.PAYMENT_PROVIDER == "simulated",
    }
    return render(request, "orders/checkout.html", context, status=status)


def _known_fields(request: HttpRequest, buyer: Buyer) -> dict[str, str]:
    """Return what was typed before the checkout was left, unless a saved address was chosen since."""
    typed = request.session.get(TYPED, {})
    address_id = request.GET.get("address", "")
    known = known_contact(buyer, address_id=address_id)
    if address_id:
        return {**known, "email": typed.get("email") or known["email"]}
    return typed or known


@require_safe
@never_cache
@login_required
def order_list(request: HttpRequest) -> HttpResponse:
    orders = Order.objects.of(signed_in(request)).newest_first()
    page = Paginator(orders, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "orders/list.html", {"page": page})


@require_safe
@never_cache
@with_order
def order_detail(request: HttpRequest, order: Order) -> HttpResponse:
    products = services.current_products(order)
    lines = [(item, products.get(item.product_id)) for item in order.items]
    context = {"order": order, "lines": lines, "steps": timeline.steps(order)}
    return render(request, "orders/order.html", context)


@require_POST
@with_order
def buy_again(request: HttpRequest, order: Order) -> HttpResponse:
    buyer = buyer_of(request) or Guest.new()
    for name in services.buy_again(order, user=buyer):
        messages.warning(request, _("%(name)s could not be added again.") % {"name": name})
    return keep(redirect("cart:detail"), buyer)
