from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.models import User
from ecommerce.lib.admin import ReadOnlyAdmin, change_url
from ecommerce.lib.money import as_text
from orders.models import Order, OrderQuerySet

BADGES = {
    Order.Status.PENDING: "warning",
    Order.Status.PAID: "success",
    Order.Status.FAILED: "danger",
    Order.Status.CANCELED: "info",
}
MOST_CUSTOMERS = 1000  # whose e-mails may match a search
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
    fields = ["number", "created_at", "customer", "status", "failure_reason", "bought", "money"]

    def get_queryset(self, request: HttpRequest) -> OrderQuerySet:
        # One more query a page. A join would look up the user of every order, before it takes the page's.
        rows: OrderQuerySet = super().get_queryset(request).prefetch_related("user")
        return rows

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        customers = User.objects.filter(email__contains=term.lower()).values_list("pk", flat=True)
        found = Q(number__contains=term.upper()) | Q(user_id__in=list(customers[:MOST_CUSTOMERS]))
        return (queryset.filter(found) if term else queryset), False

    @admin.display(description="Customer")
    def email(self, order: Order) -> str:
        return order.user.email

    @admin.display(description="Customer")
    def customer(self, order: Order) -> SafeString:
        return format_html('<a href="{}" class="underline">{}</a>', change_url(order.user), order.user.email)

    @display(description="Status", ordering="status", label=BADGES)  # type: ignore[untyped-decorator]
    def state(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @admin.display(description="Total", ordering="total")
    def money(self, order: Order) -> str:
        return as_text(order.total)

    @admin.display(description="Items")
    def bought(self, order: Order) -> SafeString:
        lines = [
            (line.name, as_text(line.unit_price), line.qty, as_text(line.line_total)) for line in order.items
        ]
        return format_html(TABLE, format_html_join("", f"<tr>{CELL * 4}</tr>", lines))
