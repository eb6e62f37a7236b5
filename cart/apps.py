from django.apps import AppConfig


class CartConfig(AppConfig):
    name = "cart"

    def ready(self) -> None:
        from cart import erasure, signals  # noqa: F401  # register what they handle
