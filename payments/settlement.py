"""`settle`, the one way in for what a provider says of a payment.

The return page, the webhook and the reconciler all end here, in any order and as often as they like: a
conditional status change inside one transaction picks the one caller whose news has an effect.
"""

from bson import ObjectId
from django.utils.translation import gettext_noop

from catalog import stock
from ecommerce.core.db import run_tx
from ecommerce.core.db.status import transition
from orders.models import Order
from orders.services import change_status
from payments import refunds
from payments.gateways.base import ProviderState, State
from payments.models import TAKEN, TRANSITIONS, Payment
from payments.sale_lines import lines_of

WAS_ALREADY = {
    Order.Status.PAID: gettext_noop("The order was already paid."),
    Order.Status.FAILED: gettext_noop("The order was already failed."),
    Order.Status.CANCELED: gettext_noop("The order was already canceled."),
}
ENDS = {State.CLOSED: Payment.Status.CANCELED, State.REFUSED: Payment.Status.FAILED}


def settle(payment: ObjectId, state: ProviderState) -> Payment:
    """Write down what the provider says, with all that follows from it; the payment as stored.

    Money that pays the order makes it paid and takes its stock. Money that cannot (another amount, a final
    order, stock that is gone) is due back.
    """
    if state.status is State.PAID:
        _take(payment, state)
    elif state.status in ENDS:
        run_tx(lambda: _end(payment, ENDS[state.status]))
    return Payment.objects.get(pk=payment)


def free(order: ObjectId, payment: ObjectId) -> None:
    """The order can be paid anew, unless another payment has taken this one's place."""
    Order.objects.filter(pk=order, payment=payment).update(payment=None)


def _take(payment: ObjectId, state: ProviderState) -> None:
    try:
        run_tx(lambda: _receive(payment, state))
    except stock.InsufficientStock as short:
        reason = short.message
        run_tx(lambda: _give_back(payment, state, reason))


def _receive(pk: ObjectId, state: ProviderState) -> None:
    payment = Payment.objects.get(pk=pk)
    if payment.status in TAKEN:
        return None
    order = Order.objects.get(pk=payment.order_id)
    if reason := _objection(payment, order, state):
        return _give_back(pk, state, reason)
    change_status(order, to=Order.Status.PAID, payment=pk)
    _received(pk, Payment.Status.CAPTURED, state, paid_order=True)
    if payment.held:
        stock.sell_held(lines_of(order), payment=pk, order=order.pk)
    else:
        stock.sell(lines_of(order), order=order.pk)
    return None


def _objection(payment: Payment, order: Order, state: ProviderState) -> str:
    if (state.amount, state.currency) != (payment.amount, payment.currency):
        return gettext_noop("The amount or currency differs from the order's.")
    return WAS_ALREADY[Order.Status(order.status)] if order.is_final else ""


def _give_back(pk: ObjectId, state: ProviderState, reason: str) -> None:
    payment = Payment.objects.get(pk=pk)
    if not _received(pk, Payment.Status.REFUND_DUE, state, reason=reason, refund_requested=state.amount):
        return
    refunds.record(payment, state.amount, state.currency, reason, key=f"late:{pk}")
    _let_go(payment)


def _end(pk: ObjectId, status: str) -> None:
    payment = Payment.objects.get(pk=pk)
    if transition(Payment.objects.filter(pk=pk), status, TRANSITIONS, held=False):
        _let_go(payment)


def _let_go(payment: Payment) -> None:
    if payment.held:
        stock.release(lines_of(payment.order), payment=payment.pk, order=payment.order_id)
    free(payment.order_id, payment.pk)


def _received(pk: ObjectId, status: str, state: ProviderState, **fields: object) -> bool:
    return transition(
        Payment.objects.filter(pk=pk),
        status,
        # Of what was taken before nothing is taken again.
        {source: targets for source, targets in TRANSITIONS.items() if source not in TAKEN},
        received=state.amount,
        received_currency=state.currency,
        charge=state.charge,
        held=False,
        **fields,
    )
