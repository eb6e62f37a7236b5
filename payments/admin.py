from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.decorators import display

from ecommerce.core.text.money import as_text
from ecommerce.core.web.admin import ReadOnlyAdmin, change_url
from ecommerce.core.web.http import signed_in
from orders.models import Order
from payments import refunds
from payments.models import Payment, Refund

PAYMENT_BADGES = {
    Payment.Status.INITIATED: "warning",
    Payment.Status.CAPTURED: "success",
    Payment.Status.FAILED: "danger",
    Payment.Status.REFUND_DUE: "warning",
}
REFUND_BADGES = {
    Refund.Status.DUE: "warning",
    Refund.Status.REFUNDING: "warning",
    Refund.Status.REFUNDED: "success",
    Refund.Status.FAILED: "danger",
}


class _OfOrder(ReadOnlyAdmin):
    """Rows of an order, found by its number."""

    search_help_text = "Order number"
    ordering = ["-created_at", "-pk"]
    path_to_order = "order"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related(self.path_to_order)

    def order_link(self, order: Order) -> SafeString:
        return format_html('<a href="{}" class="underline">{}</a>', change_url(order), order.number)


@admin.register(Payment)
class PaymentAdmin(_OfOrder):
    list_display = ["created_at", "of_order", "gateway", "state", "wanted", "taken", "back"]
    list_filter = ["status", "gateway", "created_at"]
    search_fields = ["reference"]
    search_help_text = "Order number, or the provider's reference"
    fields = [
        "created_at", "of_order", "gateway", "status", "reason", "wanted", "currency", "taken",
        "received_currency", "refund_requested", "back", "paid_order", "held", "reference", "charge",
        "expires_at", "checked_at",
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        orders = Order.objects.filter(number=search_term.strip().upper()).values_list("pk", flat=True)
        if found := list(orders):
            return queryset.filter(order__in=found), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="Order")
    def of_order(self, payment: Payment) -> SafeString:
        return self.order_link(payment.order)

    @display(description="Status", ordering="status", label=PAYMENT_BADGES)  # type: ignore[untyped-decorator]
    def state(self, payment: Payment) -> tuple[str, str]:
        return payment.status, payment.get_status_display()

    @admin.display(description="Amount", ordering="amount")
    def wanted(self, payment: Payment) -> str:
        return as_text(payment.amount)

    @admin.display(description="Received", ordering="received")
    def taken(self, payment: Payment) -> str:
        return as_text(payment.received)

    @admin.display(description="Paid back", ordering="refund_completed")
    def back(self, payment: Payment) -> str:
        return as_text(payment.refund_completed)


@admin.register(Refund)
class RefundAdmin(_OfOrder):
    """What goes back. One that is due is sent by itself; a failed one needs a person to send it again."""

    list_display = ["created_at", "of_order", "money", "state", "reason"]
    list_filter = ["status", "created_at"]
    search_fields = ["reason"]
    search_help_text = "Order number, or words of the reason"
    fields = ["created_at", "of_order", "of_payment", "money", "currency", "status", "failures", "reason"]
    actions = ["send_again"]
    path_to_order = "payment__order"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        orders = Order.objects.filter(number=search_term.strip().upper()).values_list("pk", flat=True)
        if found := list(orders):
            payments = Payment.objects.filter(order__in=found).values_list("pk", flat=True)
            return queryset.filter(payment__in=list(payments)), False
        return super().get_search_results(request, queryset, search_term)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.add_refund"))  # type: ignore[union-attr]

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: "QuerySet[Refund]") -> None:
        by = signed_in(request)
        count = sum(refunds.send_again(refund=refund, by=by) for refund in chosen)
        messages.success(request, _("%(count)d will be sent again.") % {"count": count})

    @admin.display(description="Order")
    def of_order(self, refund: Refund) -> SafeString:
        return self.order_link(refund.payment.order)

    @admin.display(description="Payment")
    def of_payment(self, refund: Refund) -> SafeString:
        return format_html(
            '<a href="{}" class="underline">{}</a>', change_url(refund.payment), refund.payment
        )

    @admin.display(description="Amount", ordering="amount")
    def money(self, refund: Refund) -> str:
        return as_text(refund.amount)

    @display(description="Status", ordering="status", label=REFUND_BADGES)  # type: ignore[untyped-decorator]
    def state(self, refund: Refund) -> tuple[str, str]:
        return refund.status, refund.get_status_display()
