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
from ecommerce.core.web.admin_lists import IndexedChangeList, load_related
from ecommerce.core.web.http import signed_in
from orders.models import Order
from payments import refunds
from payments.gateways import GATEWAYS
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


def _orders_with_number(number: str) -> list[Any]:
    return list(Order.objects.filter(number=number.strip().upper()).values_list("pk", flat=True))


class _ListWithOrders(IndexedChangeList):
    """Loads the orders of the shown rows at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        if self.model is Refund:
            load_related(rows, "payment")
        load_related([row.payment if self.model is Refund else row for row in rows], "order")
        self.result_list: list[Any] = rows


class _OrderRelatedAdmin(ReadOnlyAdmin):
    """Rows that belong to an order and are searched by its number."""

    search_help_text = "Order number"
    ordering = ["-created_at", "-pk"]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[IndexedChangeList]:
        return _ListWithOrders

    def order_link(self, order: Order) -> SafeString:
        return format_html('<a href="{}" class="underline">{}</a>', change_url(order), order.number)


class GatewayFilter(admin.SimpleListFilter):
    title = parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in GATEWAYS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


@admin.register(Payment)
class PaymentAdmin(_OrderRelatedAdmin):
    list_display = [
        "created_at",
        "order_number",
        "gateway",
        "status_badge",
        "amount_text",
        "received_text",
        "refunded_text",
    ]
    list_filter = ["status", GatewayFilter, "created_at"]
    search_prefixes = ("reference",)
    search_help_text = "Order number, or beginning of the provider's reference"
    fields = [
        "created_at", "order_number", "gateway", "status", "reason", "amount_text", "currency",
        "received_text", "received_currency", "refund_requested", "refunded_text", "paid_order", "held",
        "reference", "charge", "expires_at", "checked_at",
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        orders = _orders_with_number(search_term)
        if orders:
            return queryset.filter(order__in=orders), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="Order")
    def order_number(self, payment: Payment) -> SafeString:
        return self.order_link(payment.order)

    @display(description="Status", ordering="status", label=PAYMENT_BADGES)  # type: ignore[untyped-decorator]
    def status_badge(self, payment: Payment) -> tuple[str, str]:
        return payment.status, payment.get_status_display()

    @admin.display(description="Amount", ordering="amount")
    def amount_text(self, payment: Payment) -> str:
        return as_text(payment.amount)

    @admin.display(description="Received", ordering="received")
    def received_text(self, payment: Payment) -> str:
        return as_text(payment.received)

    @admin.display(description="Refunded", ordering="refund_completed")
    def refunded_text(self, payment: Payment) -> str:
        return as_text(payment.refund_completed)


@admin.register(Refund)
class RefundAdmin(_OrderRelatedAdmin):
    """Refunds. Due ones are sent automatically; a failed one must be sent again by a staff member."""

    list_display = ["created_at", "order_number", "amount_text", "status_badge", "reason"]
    list_filter = ["status", "created_at"]
    fields = [
        "created_at",
        "order_number",
        "payment_link",
        "amount_text",
        "currency",
        "status",
        "failures",
        "reason",
    ]
    actions = ["send_again"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        orders = _orders_with_number(search_term)
        if orders:
            payments = list(Payment.objects.filter(order__in=orders).values_list("pk", flat=True))
            return queryset.filter(payment__in=payments), False
        return queryset.none() if search_term.strip() else queryset, False

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.add_refund"))  # type: ignore[union-attr]

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, selected: "QuerySet[Refund]") -> None:
        staff_member = signed_in(request)
        count = sum(refunds.send_again(refund, by=staff_member) for refund in selected)
        messages.success(request, _("%(count)d will be sent again.") % {"count": count})

    @admin.display(description="Order")
    def order_number(self, refund: Refund) -> SafeString:
        return self.order_link(refund.payment.order)

    @admin.display(description="Payment")
    def payment_link(self, refund: Refund) -> SafeString:
        return format_html(
            '<a href="{}" class="underline">{}</a>', change_url(refund.payment), refund.payment
        )

    @admin.display(description="Amount", ordering="amount")
    def amount_text(self, refund: Refund) -> str:
        return as_text(refund.amount)

    @display(description="Status", ordering="status", label=REFUND_BADGES)  # type: ignore[untyped-decorator]
    def status_badge(self, refund: Refund) -> tuple[str, str]:
        return refund.status, refund.get_status_display()
