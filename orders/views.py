"""The pages of checkout and orders."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cart import pricing
from cart.services import get_cart
from ecommerce.lib.errors import DomainError
from ecommerce.lib.http import signed_in
from orders import services
from orders.forms import CheckoutForm
from orders.models import Order

PAGE_SIZE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def checkout(request: HttpRequest) -> HttpResponse:
    """Look once more, then one click makes one order: a double click, back and refresh find it again."""
    form = CheckoutForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            placed = services.place_order(user=signed_in(request), **form.cleaned_data)
        except DomainError as refusal:
            messages.error(request, refusal.message)
        else:
            return redirect("payments:pay", placed.order.number)
    cart = pricing.price(get_cart(user=signed_in(request)))
    if not cart.can_be_ordered:
        return redirect("cart:detail")
    simulated = settings.PAYMENT_PROVIDER == "simulated"
    context = {"cart": cart, "form": CheckoutForm.fresh(cart), "simulated": simulated}
    return render(request, "orders/checkout.html", context)


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
@login_required
def order_detail(request: HttpRequest, number: str) -> HttpResponse:
    order = _order(request, number)
    products = services.products_of([order])
    lines = [(item, products.get(item.product_id)) for item in order.items]
    context = {"order": order, "lines": lines}
    return render(request, "orders/order.html", context)


@require_POST
@login_required
def buy_again(request: HttpRequest, number: str) -> HttpResponse:
    for name in services.buy_again(user=signed_in(request), order=_order(request, number)):
        messages.warning(request, _("%(name)s could not be added again.") % {"name": name})
    return redirect("cart:detail")


def _order(request: HttpRequest, number: str) -> Order:
    try:
        return services.get_order_by_number(user=signed_in(request), number=number)
    except services.OrderNotFound:
        raise Http404 from None
