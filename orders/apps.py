from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from orders import emails, privacy, signals  # noqa: F401  # register what they handle
