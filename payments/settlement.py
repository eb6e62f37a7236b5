"""Record what a provider reports about a payment, with all consequences for its order and the stock.

The return page, the webhook and the reconciler all call `settle`, in any order and any number of times. A
conditional status change inside one transaction lets exactly one of them take effect.
"""

from bson import ObjectId
from django.utils.translation import gettext_noop

from catalog import stock
from ecommerce.core.db import run_tx
from ecommerce.core.db.status_transitions import transition
from orders.models import Order
from orders.services import change_status
from payments import holding, refunds
from payments.gateways.base import ProviderState, State
from payments.models import TAKEN, TRANSITIONS, Payment
from payments.sale_lines import sale_lines

ORDER_IS_FINAL = {
    Order.Status.PAID: gettext_noop("The order was already paid."),
    Order.Status.FAILED: gettext_noop("The order was already failed."),
    Order.Status.CANCELED: gettext_noop("The order was already canceled."),
}
ENDS_UNPAID = {State.CLOSED: Payment.Status.CANCELED, State.REFUSED: Payment.Status.FAILED}
# The money of a payment is recorded once, so a payment that already has it can make none of these changes.
FIRST_MONEY = {status: targets for status, targets in TRANSITIONS.items() if status not in TAKEN}


def settle(payment: Payment, *, state: ProviderState) -> Payment:
    """Record the payment's state at the provider and return the payment as stored.

    Money for a pending order makes the order paid and sells its stock. Money that cannot pay the order (the
    amount differs, the order is final, the stock is gone) is refunded. A payment that ended unpaid releases
    its stock. An open one changes nothing.
    """
    if state.status is State.PAID:
        _settle_paid(payment.pk, state)
    elif state.status in ENDS_UNPAID:
        run_tx(lambda: _end_unpaid(payment.pk, ENDS_UNPAID[state.status]))
    return Payment.objects.get(pk=payment.pk)


def _settle_paid(pk: ObjectId, state: ProviderState) -> None:
    try:
        run_tx(lambda: _accept_or_refund(pk, state))
    except stock.InsufficientStock as error:  # the transaction was rolled back
        reason = error.message
        run_tx(lambda: _refund_all(pk, state, reason))


def _accept_or_refund(pk: ObjectId, state: ProviderState) -> None:
    payment = Payment.objects.get(pk=pk)
    if payment.status in TAKEN:
        return
    order = Order.objects.get(pk=payment.order_id)
    reason = _reason_to_refund(payment, order, state)
    if reason:
        _refund_all(pk, state, reason)
    else:
        _accept(payment, order, state)


def _reason_to_refund(payment: Payment, order: Order, state: ProviderState) -> str:
    if (state.amount, state.currency) != (payment.amount, payment.currency):
        return gettext_noop("The amount or currency differs from the order's.")
    if order.is_final:
        return ORDER_IS_FINAL[Order.Status(order.status)]
    return ""


def _accept(payment: Payment, order: Order, state: ProviderState) -> None:
    change_status(order, to=Order.Status.PAID, payment=payment.pk)
    _record_money(payment, Payment.Status.CAPTURED, state, paid_order=True)
    if payment.held:
        stock.sell_held(sale_lines(order), payment=payment.pk, order=order.pk)
    else:
        stock.sell(sale_lines(order), order=order.pk)


def _refund_all(pk: ObjectId, state: ProviderState, reason: str) -> None:
    payment = Payment.objects.get(pk=pk)
    status = Payment.Status.REFUND_DUE
    if _record_money(payment, status, state, reason=reason, refund_requested=state.amount):
        refunds.record(payment, amount=state.amount, currency=state.currency, reason=reason, key=f"late:{pk}")
        _release(payment)


def _record_money(payment: Payment, status: str, state: ProviderState, **fields: object) -> bool:
    """Store the money of this payment; False if it is already stored."""
    return transition(
        Payment.objects.filter(pk=payment.pk),
        status,
        FIRST_MONEY,
        received=state.amount,
        received_currency=state.currency,
        charge=state.charge,
        **holding.ended(payment),
        **fields,
    )


def _end_unpaid(pk: ObjectId, status: str) -> None:
    payment = Payment.objects.get(pk=pk)
    if transition(Payment.objects.filter(pk=pk), status, TRANSITIONS, **holding.ended(payment)):
        _release(payment)


def _release(payment: Payment) -> None:
    """Release the stock, and the order for a new payment unless it already has one."""
    if payment.held:
        stock.release(sale_lines(payment.order), payment=payment.pk, order=payment.order_id)
    Order.objects.filter(pk=payment.order_id, payment=payment.pk).update(payment=None)
