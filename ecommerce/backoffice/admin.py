"""The admin page of an order, with the actions that cancel and refund it.

It is here because the orders app does not know payments.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from ecommerce.core.web.admin import step_page
from orders.admin import OrderAdmin
from orders.fulfilment.admin import on_order
from orders.fulfilment.services import may_take
from orders.models import F, Order
from payments import staff_actions
from payments.forms import RefundForm

admin.site.unregister(Order)  # registered by the orders app, without these actions


@admin.register(Order)
class OrderPaymentAdmin(OrderAdmin):
    actions_detail = [*OrderAdmin.actions_detail, "cancel_order", "refund_order"]

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("payments.add_refund"))  # type: ignore[union-attr]

    def possible_steps(self, order: Order) -> set[str]:
        steps = super().possible_steps(order)
        if order.status == Order.Status.PENDING or may_take(order, to=F.CANCELED):
            steps.add("cancel")
        if order.status == Order.Status.PAID and order.refund_status != Order.RefundStatus.FULL:
            steps.add("refund")
        return steps

    @action(description="Cancel and refund", url_path="cancel", permissions=["refund"])  # type: ignore[untyped-decorator]
    def cancel_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            on_order(staff_actions.cancel_order, request, object_id),
            title="Cancel and refund",
            about="The customer gets the money back, and the items go back into stock.",
            done="The order is canceled.",
        )

    @action(description="Refund", url_path="refund", permissions=["refund"])  # type: ignore[untyped-decorator]
    def refund_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            on_order(staff_actions.refund_order, request, object_id),
            title="Refund",
            form=RefundForm,
            done="The refund is on its way.",
        )
