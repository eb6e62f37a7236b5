from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from unfold.decorators import action, display

from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.money import as_text
from ecommerce.core.web.admin import ExportedList, ReadOnlyAdmin, change_url, in_turn, step_page
from ecommerce.core.web.http import signed_in
from orders import export, search
from orders.forms import ShipForm
from orders.fulfilment import services as fulfilment
from orders.models import F, Order, OrderQuerySet

BADGES = {
    Order.Status.PENDING: "warning",
    Order.Status.PAID: "success",
    Order.Status.FAILED: "danger",
    Order.Status.CANCELED: "info",
}
GOODS = {F.PACKED: "info", F.SHIPPED: "info", F.DELIVERED: "success", F.CANCELED: "danger"}
MONEY = {Order.RefundStatus.PARTIAL: "warning", Order.RefundStatus.FULL: "danger"}
SHORT = "j M Y, H:i"
ONE_CLICK = {"pack": "Mark as packed", "deliver": "Mark as delivered"}  # nothing to fill in, nothing to undo
STEPS = {"pack": F.PACKED, "ship": F.SHIPPED, "deliver": F.DELIVERED}  # the steps by the ends of their urls
HAPPENED_AS = {
    "place": "Placed",
    "pay": "Paid",
    "fail": "Payment failed",
    "cancel": "Canceled",
    "pack": "Packed",
    "ship": "Shipped",
    "correct_parcel": "Parcel corrected",
    "deliver": "Delivered",
    "refund": "Refund asked for",
    "refund_sent": "Refund sent",
    "refund_failed": "Refund failed",
    "refund_again": "Refund to be sent again",
}
HEAD = "".join(f'<th scope="col">{name}</th>' for name in ("Item", "Price", "Quantity", "Total"))
TABLE = f'<table class="office-items"><tr>{HEAD}</tr>{{}}</table>'  # one line: the theme breaks others
ITEM = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
HAPPENED = '<ol class="office-timeline">{}</ol>'
EVENT = "<li><strong>{}</strong> <span>{}</span> <span>{}</span></li>"


class ToShipFilter(admin.SimpleListFilter):
    title, parameter_name = "to ship", "to_ship"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Paid, not yet with a carrier")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.to_ship() if self.value() else queryset


@admin.register(Order)
class OrderAdmin(ExportedList, ReadOnlyAdmin):
    """An order's money and items never change; where it stands does, by the services' rules only."""

    list_display = ["number", "placed", "email", "state", "goods", "refunds", "money"]
    list_per_page = 50
    list_filter = [ToShipFilter, "status", "fulfilment", "refund_status", "created_at", "paid_at"]
    actions = ["pack_chosen", "deliver_chosen"]
    change_form_outer_before_template = "admin/order_steps.html"
    actions_detail = ["pack_order", "ship_order", "deliver_order", "correct_parcel"]
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
        "given_back",
        "timeline",
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return search.matching(queryset, search_term), False

    def csv_lines(self, rows: Any) -> Iterator[str]:
        return export.lines(rows)

    @admin.display(description="Customer")
    def customer(self, order: Order) -> SafeString | str:
        if order.user is None:
            return f"{order.email} (guest)"
        return format_html(
            '<a href="{}" class="underline">{}</a>', change_url(order.user), order.email or order.user
        )

    @admin.display(description="Ships to")
    def address(self, order: Order) -> SafeString:
        address = order.shipping_address
        lines = [*(address.as_dict() | {"country": address.country_name}).values()] if address else []
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines if line))

    @admin.display(description="Placed", ordering="created_at")
    def placed(self, order: Order) -> str:
        return date_format(localtime(order.created_at), SHORT)

    @display(description="Status", ordering="status", label=BADGES)  # type: ignore[untyped-decorator]
    def state(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @admin.display(description="Total", ordering="total")
    def money(self, order: Order) -> str:
        return as_text(order.total)

    @admin.display(description="Made up of")
    def breakdown(self, order: Order) -> str:
        return " · ".join(
            f"{name} {as_text(getattr(order, name))}" for name in ("subtotal", "discount", "shipping", "tax")
        )

    @admin.display(description="Items")
    def bought(self, order: Order) -> SafeString:
        lines = [
            (line.name, as_text(line.unit_price), line.qty, as_text(line.line_total)) for line in order.items
        ]
        return format_html(TABLE, format_html_join("", ITEM, lines))

    @display(description="Fulfilment", ordering="fulfilment", label=GOODS)  # type: ignore[untyped-decorator]
    def goods(self, order: Order) -> tuple[str, str] | None:
        """Of what is not paid, nothing leaves the house."""
        paid = order.status == Order.Status.PAID
        return (order.fulfilment, order.get_fulfilment_display()) if paid else None

    @display(description="Refunds", ordering="refund_status", label=MONEY)  # type: ignore[untyped-decorator]
    def refunds(self, order: Order) -> tuple[str, str] | None:
        none = order.refund_status == Order.RefundStatus.NONE
        return None if none else (order.refund_status, order.get_refund_status_display())

    @admin.display(description="Refunded")
    def given_back(self, order: Order) -> str:
        return f"{as_text(order.refund_requested)}, of which {as_text(order.refund_completed)} was paid back"

    @admin.display(description="Parcel")
    def parcel(self, order: Order) -> str | SafeString:
        if not order.carrier:
            return "–"
        about = f"{order.carrier} {order.tracking_number}"
        link = '<a href="{}" class="underline" rel="noreferrer">{}</a>'
        return format_html(link, order.tracking_url, about) if order.tracking_url else about

    @admin.display(description="What happened")
    def timeline(self, order: Order) -> SafeString:
        rows = [_event("place", order.email, order.created_at), *map(_happened, audit.entries_of(order))]
        return format_html(HAPPENED, format_html_join("", EVENT, rows))

    def has_fulfil_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.change_order"))  # type: ignore[union-attr]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the steps that the order can take now, beside those of one click."""
        order = self.get_object(request, str(object_id))
        steps = self.possible_steps(order) - ONE_CLICK.keys() if order else set()
        return [step for step in super().get_actions_detail(request, object_id) if step.path in steps]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        steps = self.possible_steps(order) if order and self.has_fulfil_permission(request) else set()
        one_click = {path: title for path, title in ONE_CLICK.items() if path in steps}
        more = {**(extra_context or {}), "one_click": one_click}
        return super().change_view(request, object_id, form_url, more)

    def possible_steps(self, order: Order) -> set[str]:
        """By the ends of their addresses."""
        steps = {path for path, to in STEPS.items() if fulfilment.may_take(order, to)}
        return steps | ({"parcel"} if fulfilment.may_correct_parcel(order) else set())

    @action(description="Mark as packed", url_path="pack", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def pack_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        pack = partial(fulfilment.pack, order_id=object_id, by=signed_in(request))
        return step_page(self, request, object_id, pack, title="Mark as packed", done="The order is packed.")

    @action(description="Mark as shipped", url_path="ship", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def ship_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            partial(fulfilment.ship, order_id=object_id, by=signed_in(request)),
            title="Mark as shipped",
            about="The customer gets a mail with these facts.",
            form=ShipForm,
            done="The order is shipped.",
        )

    @action(description="Correct the parcel", url_path="parcel", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def correct_parcel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self.get_object(request, object_id)
        return step_page(
            self,
            request,
            object_id,
            partial(fulfilment.correct_parcel, order_id=object_id, by=signed_in(request)),
            title="Correct the parcel",
            about="The customer gets another mail with these facts.",
            form=ShipForm,
            initial=order.tracking if order else None,
            done="The parcel is corrected.",
        )

    @action(description="Mark as delivered", url_path="deliver", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def deliver_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        deliver = partial(fulfilment.deliver, order_id=object_id, by=signed_in(request))
        done = "The order is delivered."
        return step_page(self, request, object_id, deliver, title="Mark as delivered", done=done)

    @admin.action(description="Mark as packed", permissions=["fulfil"])
    def pack_chosen(self, request: HttpRequest, chosen: OrderQuerySet) -> None:
        by = signed_in(request)
        in_turn(request, chosen, lambda order: fulfilment.pack(order_id=str(order.pk), by=by), done="Packed")

    @admin.action(description="Mark as delivered", permissions=["fulfil"])
    def deliver_chosen(self, request: HttpRequest, chosen: OrderQuerySet) -> None:
        by, deliver = signed_in(request), fulfilment.deliver
        in_turn(request, chosen, lambda order: deliver(order_id=str(order.pk), by=by), done="Delivered")


def _happened(entry: AuditEntry) -> tuple[str, str, str]:
    facts = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in entry.after.items() if value)
    return _event(entry.action.removeprefix("order."), entry.actor or "The shop", entry.at, facts)


def _event(verb: str, who: str, at: datetime, facts: str = "") -> tuple[str, str, str]:
    """What, who and when, and the facts of it."""
    what = HAPPENED_AS.get(verb, verb.replace("_", " ").capitalize())
    return what, f"{who}, {date_format(localtime(at), SHORT)}", facts
