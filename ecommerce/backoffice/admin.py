"""The order's admin page with the steps that move money. The orders app does not know payments."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from ecommerce.core.web.admin import step_page
from ecommerce.core.web.http import signed_in
from orders.admin import OrderAdmin
from orders.fulfilment.services import may_take
from orders.models import F, Order
from payments import staff_actions
from payments.forms import RefundForm

admin.site.unregister(Order)  # the orders app registered it without those steps


@admin.register(Order)
class OrderAndMoneyAdmin(OrderAdmin):
    actions_detail = [*OrderAdmin.actions_detail, "cancel_order", "refund_order"]

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("payments.add_refund"))  # type: ignore[union-attr]

    def possible_steps(self, order: Order) -> set[str]:
        paid = order.status == Order.Status.PAID
        cancel = order.status == Order.Status.PENDING or may_take(order, to=F.CANCELED)
        refund = paid and order.refund_status != Order.RefundStatus.FULL
        money = {"cancel": cancel, "refund": refund}
        return super().possible_steps(order) | {path for path, offered in money.items() if offered}

    @action(description="Cancel and refund", url_path="cancel", permissions=["refund"])  # type: ignore[untyped-decorator]
    def cancel_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            partial(staff_actions.cancel_order, order_id=object_id, by=signed_in(request)),
            title="Cancel and refund",
            about="What was paid goes back to the customer, and the goods go back into stock.",
            done="The order is canceled.",
        )

    @action(description="Refund", url_path="refund", permissions=["refund"])  # type: ignore[untyped-decorator]
    def refund_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            partial(staff_actions.refund_order, order_id=object_id, by=signed_in(request)),
            title="Refund",
            form=RefundForm,
            done="The refund is on its way.",
        )
