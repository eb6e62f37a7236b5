"""The steps of fulfilment in the admin: on the page of one order, and for several orders of the list."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from ecommerce.core.web.admin import in_turn, step_page
from ecommerce.core.web.http import signed_in
from orders.fulfilment import services
from orders.fulfilment.forms import ShipForm
from orders.models import F, Order, OrderQuerySet
from orders.services import find_order

STEPS = {"pack": F.PACKED, "ship": F.SHIPPED, "deliver": F.DELIVERED}  # by the last part of their addresses
ONE_CLICK_STEPS = {"pack": "Mark as packed", "deliver": "Mark as delivered"}  # without a form to fill in


class ToShipFilter(admin.SimpleListFilter):
    title, parameter_name = "to ship", "to_ship"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Paid, not yet with a carrier")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.to_ship() if self.value() else queryset


class FulfilmentAdmin(ModelAdmin):
    """The part of the orders' admin that takes these steps. A page offers only possible steps."""

    actions = ["pack_chosen", "deliver_chosen"]
    actions_detail = ["pack_order", "ship_order", "deliver_order", "correct_parcel"]
    change_form_outer_before_template = "admin/order_steps.html"

    def has_fulfil_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.change_order"))  # type: ignore[union-attr]

    def possible_steps(self, order: Order) -> set[str]:
        """Return the steps that the order can take now, by the last part of their addresses."""
        steps = {path for path, to in STEPS.items() if services.may_take(order, to=to)}
        if services.may_correct_parcel(order):
            steps.add("parcel")
        return steps

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the possible steps that have a page; the others are buttons above the order."""
        order = self.get_object(request, str(object_id))
        steps = self.possible_steps(order) - ONE_CLICK_STEPS.keys() if order else set()
        return [step for step in super().get_actions_detail(request, object_id) if step.path in steps]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        steps = self.possible_steps(order) if order and self.has_fulfil_permission(request) else set()
        one_click = {path: title for path, title in ONE_CLICK_STEPS.items() if path in steps}
        context = {**(extra_context or {}), "one_click": one_click}
        return super().change_view(request, object_id, form_url, context)

    @action(description="Mark as packed", url_path="pack", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def pack_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            on_order(services.pack, request, object_id),
            title="Mark as packed",
            done="The order is packed.",
        )

    @action(description="Mark as shipped", url_path="ship", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def ship_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            on_order(services.ship, request, object_id),
            title="Mark as shipped",
            about="The customer gets a mail with these details.",
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
            on_order(services.correct_parcel, request, object_id),
            title="Correct the parcel",
            about="The customer gets another mail with these details.",
            form=ShipForm,
            initial=order.tracking if order else None,
            done="The parcel is corrected.",
        )

    @action(description="Mark as delivered", url_path="deliver", permissions=["fulfil"])  # type: ignore[untyped-decorator]
    def deliver_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            on_order(services.deliver, request, object_id),
            title="Mark as delivered",
            done="The order is delivered.",
        )

    @admin.action(description="Mark as packed", permissions=["fulfil"])
    def pack_chosen(self, request: HttpRequest, chosen: OrderQuerySet) -> None:
        in_turn(request, chosen, partial(services.pack, by=signed_in(request)), done="Packed")

    @admin.action(description="Mark as delivered", permissions=["fulfil"])
    def deliver_chosen(self, request: HttpRequest, chosen: OrderQuerySet) -> None:
        in_turn(request, chosen, partial(services.deliver, by=signed_in(request)), done="Delivered")


def on_order(step: Callable[..., Order], request: HttpRequest, order_id: str) -> Callable[..., Order]:
    """Return the step with the order, which is read when the form is sent."""
    return lambda **fields: step(find_order(order_id), by=signed_in(request), **fields)
