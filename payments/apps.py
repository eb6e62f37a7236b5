from django.apps import AppConfig

from ecommerce.core import logs
from payments.gateways import GATEWAYS, gateway


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import refunds  # noqa: F401  # registers the outbox handler

        for name in GATEWAYS:
            declared = gateway(name)
            names, prefixes = declared.redacted_names, declared.redacted_prefixes
            logs.register_secrets(name, names=names, prefixes=prefixes)
