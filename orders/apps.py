from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from orders import emails, signals  # noqa: F401  # register the outbox's handlers and a receiver
