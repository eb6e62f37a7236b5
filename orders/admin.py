from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display

from ecommerce.lib.admin import ReadOnlyAdmin, change_url
from ecommerce.lib.money import as_text
from orders.models import Order

BADGES = {
    Order.Status.PENDING: "warning",
    Order.Status.PAID: "success",
    Order.Status.FAILED: "danger",
    Order.Status.CANCELED: "info",
}
CELL = '<td class="py-1 pr-4">{}</td>'
HEAD = "".join(
    f'<th scope="col" class="py-1 pr-4">{name}</th>' for name in ("Item", "Price", "Quantity", "Total")
)
TABLE = f'<table class="w-full text-left"><tr>{HEAD}</tr>{{}}</table>'  # one line: the theme breaks others


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """To look at: an order's money and items never change, and its status only by its own rules."""

    list_display = ["number", "created_at", "email", "state", "money"]
    list_filter = ["status", "created_at"]
    search_fields = ["number"]
    search_help_text = "Number or e-mail"
    ordering = ["-created_at", "-pk"]
    fields = [
        "number",
        "created_at",
        "customer",
        "address",
        "status",
        "failure_reason",
        "bought",
        "breakdown",
        "money",
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        found = Q(number__contains=term.upper()) | Q(email__contains=term.lower())
        return (queryset.filter(found) if term else queryset), False

    @admin.display(description="Customer")
    def customer(self, order: Order) -> SafeString | str:
        if order.user is None:
            return f"{order.email} (guest)"
        return format_html('<a href="{}" class="underline">{}</a>', change_url(order.user), order.email)

    @admin.display(description="Ships to")
    def address(self, order: Order) -> SafeString:
        address = order.shipping_address
        lines = [*(address.as_dict() | {"country": address.country_name}).values()] if address else []
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines if line))

    @display(description="Status", ordering="status", label=BADGES)  # type: ignore[untyped-decorator]
    def state(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @admin.display(description="Total", ordering="total")
    def money(self, order: Order) -> str:
        return as_text(order.total)

    @admin.display(description="Subtotal, discount, shipping, tax")
    def breakdown(self, order: Order) -> str:
        return " · ".join(map(as_text, (order.subtotal, order.discount, order.shipping, order.tax)))

    @admin.display(description="Items")
    def bought(self, order: Order) -> SafeString:
        lines = [
            (line.name, as_text(line.unit_price), line.qty, as_text(line.line_total)) for line in order.items
        ]
        return format_html(TABLE, format_html_join("", f"<tr>{CELL * 4}</tr>", lines))
