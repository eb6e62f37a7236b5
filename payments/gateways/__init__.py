"""The registry of payment gateways. A new gateway is one file in this folder and one line in GATEWAYS.

The settings import this module, so neither it nor a gateway may import models when it is loaded.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings

from ecommerce.core.risks import Risk

if TYPE_CHECKING:
    from payments.gateways.base import Gateway

GATEWAYS = {
    "simulated": "payments.gateways.simulated.Simulated",
    "stripe": "payments.gateways.stripe.Stripe",
}


@cache
def gateway(name: str) -> "Gateway":
    """Return the gateway with this name. Raise KeyError for a name that is not in GATEWAYS."""
    module, _, class_name = GATEWAYS[name].rpartition(".")
    instance: Gateway = getattr(import_module(module), class_name)()
    return instance


def read_settings() -> dict[str, Any]:
    """Return the Django settings of all gateways. One that is not selected may still have refunds to send."""
    values: dict[str, Any] = {}
    for name in GATEWAYS:
        values |= gateway(name).read_settings()
    return values


def setting_problems(values: Mapping[str, Any], *, selected: str, production: bool) -> Iterator[str]:
    """Yield a sentence for each reason not to start the shop; `selected` is the PAYMENT_PROVIDER."""
    for name in GATEWAYS:
        yield from gateway(name).setting_problems(values, selected=name == selected, production=production)


def risks() -> dict[str, Risk]:
    """Return what production refuses of all gateways' settings unless ALLOW_INSECURE names it."""
    return {name: risk for each in GATEWAYS for name, risk in gateway(each).risks.items()}


def checkout_origins() -> tuple[str, ...]:
    """Return the origins of the selected gateway's payment pages; none without a gateway."""
    name = settings.PAYMENT_PROVIDER
    return gateway(name).checkout_origins() if name in GATEWAYS else ()
