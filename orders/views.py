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
from cart import pricing
from cart.models import Buyer, Guest
from cart.services import get_cart
from cart.session import buyer_of, keep
from ecommerce.core.errors import DomainError
from ecommerce.core.web.http import signed_in
from orders import services, timeline
from orders.access.session import with_order
from orders.forms import CheckoutForm
from orders.models import Order

PAGE_SIZE = 20
TYPED = "checkout"  # in the session: what was typed, should the checkout be left and come back to
UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """Look once more, then one click makes one order: a double click, back and refresh find it again."""
    buyer = buyer_of(request)
    if buyer is None:
        return redirect("cart:detail")
    form = CheckoutForm(request.POST or None)
    if form.is_bound:
        request.session[TYPED] = form.typed
    if form.is_valid() and (placed := _place(request, buyer, form)):
        _remember(request, buyer, form)
        return redirect("payments:pay", placed.number)
    cart = pricing.price(get_cart(user=buyer))
    if not cart.can_be_ordered:
        return redirect("cart:detail")
    if form.is_bound:
        form = CheckoutForm.again(request.POST, cart)
    else:
        form = CheckoutForm.fresh(cart, _known(request, buyer))
    saved = addresses.list_addresses(buyer) if isinstance(buyer, User) else []
    simulated = settings.PAYMENT_PROVIDER == "simulated"
    context = {"cart": cart, "form": form, "addresses": saved, "simulated": simulated}
    return render(request, "orders/checkout.html", context, status=UNPROCESSABLE if form.is_bound else 200)


def _known(request: HttpRequest, buyer: Buyer) -> dict[str, str]:
    """What was typed before the checkout was left, unless another address was chosen since."""
    typed, chosen = request.session.get(TYPED, {}), request.GET.get("address", "")
    known = services.known_contact(buyer, chosen)
    return {**known, "email": typed.get("email") or known["email"]} if chosen else typed or known


def _remember(request: HttpRequest, buyer: Buyer, form: CheckoutForm) -> None:
    """The order has what was typed; an account has its address, too, where it is wanted."""
    del request.session[TYPED]
    address = form.contact.shipping_address
    if not (isinstance(buyer, User) and address and form.cleaned_data["keep"]):
        return
    try:
        addresses.save_address(buyer, address=address)
    except DomainError as refusal:
        messages.warning(request, refusal.in_words)


def _place(request: HttpRequest, buyer: Buyer, form: CheckoutForm) -> Order | None:
    key, seen_total = form.cleaned_data["key"], form.cleaned_data["seen_total"]
    try:
        placed = services.place_order(user=buyer, contact=form.contact, key=key, seen_total=seen_total)
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
        return None
    return placed.order


@require_safe
@never_cache
@login_required
def order_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(Order.objects.of(signed_in(request)).newest_first(), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    return render(request, "orders/list.html", {"page": page})


@require_safe
@never_cache
@with_order
def order_detail(request: HttpRequest, order: Order) -> HttpResponse:
    products = services.products_of([order])
    lines = [(item, products.get(item.product_id)) for item in order.items]
    context = {"order": order, "lines": lines, "steps": timeline.steps(order)}
    return render(request, "orders/order.html", context)


@require_POST
@with_order
def buy_again(request: HttpRequest, order: Order) -> HttpResponse:
    buyer = buyer_of(request) or Guest.new()
    for name in services.buy_again(user=buyer, order=order):
        messages.warning(request, _("%(name)s could not be added again.") % {"name": name})
    return keep(redirect("cart:detail"), buyer)
