"""The pages of a payment: to the provider's hosted page and back, or the test page of the simulated one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ecommerce.core.errors import DomainError
from orders.access.session import with_order
from orders.models import Order, OrderHolder
from payments import provider_sync, services
from payments.models import Payment
from payments.start import start_payment

REFRESH_S = 5


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_order
def pay(request: HttpRequest, order: Order) -> HttpResponse:
    """Show the test page of the simulated provider; a POST pays there, or goes on to the provider's page.

    Looking starts nothing: a link may be fetched by a program, or ahead of a click.
    """
    if request.method == "POST":
        return _pay(request, order)
    if order.is_final or services.has_hosted_page(settings.PAYMENT_PROVIDER):
        return redirect("orders:detail", order.number)
    waiting = "waiting" in request.GET
    response = render(request, "payments/pay.html", {"order": order, "waiting": waiting})
    if waiting:
        response["Refresh"] = str(REFRESH_S)
    return response


def _pay(request: HttpRequest, order: Order) -> HttpResponse:
    if not order.is_final and services.has_hosted_page(settings.PAYMENT_PROVIDER):
        return _redirect_to_provider(request, order)
    outcome = request.POST.get("outcome", "")
    if outcome in services.OUTCOMES:
        _confirm(request, order, outcome)
        return redirect("orders:detail", order.number)
    return redirect(f"{request.path}?waiting=1" if outcome == "pending" else request.path)


@require_safe
@never_cache
@with_order
def paid(request: HttpRequest, order: Order) -> HttpResponse:
    """Show the outcome after the customer returns from the provider; while it is unknown, reload the page."""
    payment = services.latest_payment(order)
    try:
        if payment is not None:
            payment = provider_sync.refresh_if_due(payment)
    except DomainError as refusal:
        messages.warning(request, refusal.in_words)
    if payment is None or payment.paid_order:
        return redirect("orders:detail", order.number)
    response = render(request, "payments/paid.html", {"order": order, "payment": payment})
    if payment.status == Payment.Status.INITIATED:
        response["Refresh"] = str(REFRESH_S)
    return response


@require_POST
@with_order
def cancel(request: HttpRequest, order: Order) -> HttpResponse:
    _confirm(request, order, "canceled")
    return redirect("orders:detail", order.number)


def _redirect_to_provider(request: HttpRequest, order: Order) -> HttpResponse:
    # The target is safe: only a gateway sets redirect_url, and only to an https page of its provider.
    try:
        payment, _ = start_payment(order)
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
        return redirect("orders:detail", order.number)
    return redirect(payment.redirect_url)


def _confirm(request: HttpRequest, order: Order, outcome: str) -> None:
    try:
        services.confirm(order, outcome=outcome, by=OrderHolder(order.pk))
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
