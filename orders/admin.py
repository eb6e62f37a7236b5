from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from unfold.decorators import display

from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.money import as_text
from ecommerce.core.web.admin import ExportedList, ReadOnlyAdmin, change_url
from orders import export, search
from orders.fulfilment.admin import FulfilmentAdmin, ToShipFilter
from orders.models import F, Order

STATUS_COLOURS = {
    Order.Status.PENDING: "warning",
    Order.Status.PAID: "success",
    Order.Status.FAILED: "danger",
    Order.Status.CANCELED: "info",
}
FULFILMENT_COLOURS = {F.PACKED: "info", F.SHIPPED: "info", F.DELIVERED: "success", F.CANCELED: "danger"}
REFUND_COLOURS = {Order.RefundStatus.PARTIAL: "warning", Order.RefundStatus.FULL: "danger"}
DATE_FORMAT = "j M Y, H:i"
AMOUNTS = ("subtotal", "discount", "shipping", "tax")
EVENT_NAMES = {
    "place": "Placed",
    "pay": "Paid",
    "fail": "Payment failed",
    "cancel": "Canceled",
    "pack": "Packed",
    "ship": "Shipped",
    "correct_parcel": "Parcel corrected",
    "deliver": "Delivered",
    "refund": "Refund requested",
    "refund_sent": "Refund sent",
    "refund_failed": "Refund failed",
    "refund_again": "Refund retried",
}
HEADINGS = "".join(f'<th scope="col">{name}</th>' for name in ("Item", "Price", "Quantity", "Total"))
# On one line, because the theme breaks a table of several lines.
ITEMS_TABLE = f'<table class="office-items"><tr>{HEADINGS}</tr>{{}}</table>'
ITEM_ROW = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
TIMELINE = '<ol class="office-timeline">{}</ol>'
EVENT = "<li><strong>{}</strong> <span>{}</span> <span>{}</span></li>"


@admin.register(Order)
class OrderAdmin(FulfilmentAdmin, ExportedList, ReadOnlyAdmin):
    """Orders with their timeline. Nothing is edited by hand; services take the steps."""

    list_display = ["number", "placed", "email", "state", "goods", "refunds", "money"]
    list_per_page = 50
    linked_lookups = ("currency",)
    list_filter = [ToShipFilter, "status", "fulfilment", "refund_status", "created_at", "paid_at"]
    search_fields = ["number"]
    search_help_text = "Number, the beginning of an e-mail, or words of what was bought"
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
        "fulfilment",
        "parcel",
        "refund_status",
        "refunded",
        "timeline",
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return search.matching(queryset, search_term), False

    def csv_lines(self, rows: Any) -> Iterator[str]:
        return export.lines(rows)

    @admin.display(description="Placed", ordering="created_at")
    def placed(self, order: Order) -> str:
        return _date(order.created_at)

    @display(description="Status", ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @display(description="Fulfilment", ordering="fulfilment", label=FULFILMENT_COLOURS)  # type: ignore[untyped-decorator]
    def goods(self, order: Order) -> tuple[str, str] | None:
        """Return the fulfilment of a paid order; no other order is fulfilled."""
        paid = order.status == Order.Status.PAID
        return (order.fulfilment, order.get_fulfilment_display()) if paid else None

    @display(description="Refunds", ordering="refund_status", label=REFUND_COLOURS)  # type: ignore[untyped-decorator]
    def refunds(self, order: Order) -> tuple[str, str] | None:
        none = order.refund_status == Order.RefundStatus.NONE
        return None if none else (order.refund_status, order.get_refund_status_display())

    @admin.display(description="Total", ordering="total")
    def money(self, order: Order) -> str:
        return as_text(order.total)

    @admin.display(description="Customer")
    def customer(self, order: Order) -> SafeString | str:
        if order.user is None:
            return f"{order.email} (guest)"
        link = '<a href="{}" class="underline">{}</a>'
        return format_html(link, change_url(order.user), order.email or order.user)

    @admin.display(description="Ships to")
    def address(self, order: Order) -> SafeString | str:
        if order.shipping_address is None:
            return ""
        address = order.shipping_address.as_dict() | {"country": order.shipping_address.country_name}
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in address.values() if line))

    @admin.display(description="Items")
    def bought(self, order: Order) -> SafeString:
        rows = [
            (line.name, as_text(line.unit_price), line.qty, as_text(line.line_total)) for line in order.items
        ]
        return format_html(ITEMS_TABLE, format_html_join("", ITEM_ROW, rows))

    @admin.display(description="Breakdown")
    def breakdown(self, order: Order) -> str:
        return " · ".join(f"{name} {as_text(getattr(order, name))}" for name in AMOUNTS)

    @admin.display(description="Parcel")
    def parcel(self, order: Order) -> str | SafeString:
        if not order.carrier:
            return "–"
        text = f"{order.carrier} {order.tracking_number}"
        link = '<a href="{}" class="underline" rel="noreferrer">{}</a>'
        return format_html(link, order.tracking_url, text) if order.tracking_url else text

    @admin.display(description="Refunded")
    def refunded(self, order: Order) -> str:
        requested, completed = as_text(order.refund_requested), as_text(order.refund_completed)
        return f"{requested}, of which {completed} was paid back"

    @admin.display(description="What happened")
    def timeline(self, order: Order) -> SafeString:
        events = [_event("place", order.email, order.created_at)]
        events += [_audit_event(entry) for entry in audit.entries_of(order)]
        return format_html(TIMELINE, format_html_join("", EVENT, events))


def _audit_event(entry: AuditEntry) -> tuple[str, str, str]:
    facts = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in entry.after.items() if value)
    return _event(entry.action.removeprefix("order."), entry.actor or "The shop", entry.at, facts)


def _event(verb: str, actor: str, at: datetime, facts: str = "") -> tuple[str, str, str]:
    """Return the event's name, who caused it and when, and its facts."""
    name = EVENT_NAMES.get(verb, verb.replace("_", " ").capitalize())
    return name, f"{actor}, {_date(at)}", facts


def _date(at: datetime) -> str:
    return date_format(localtime(at), DATE_FORMAT)
