"""Every payment gateway by its name, imported when it is first used."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payments.gateways.base import Gateway

GATEWAYS = {
    "simulated": "payments.gateways.simulated.Simulated",
    "stripe": "payments.gateways.stripe.Stripe",
}


@cache
def gateway(name: str) -> "Gateway":
    module, _, gateway_class = GATEWAYS[name].rpartition(".")
    made: Gateway = getattr(import_module(module), gateway_class)()
    return made
