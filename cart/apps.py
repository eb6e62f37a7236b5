from django.apps import AppConfig


class CartConfig(AppConfig):
    name = "cart"

    def ready(self) -> None:
        from cart import signals  # noqa: F401  # registers the receiver, once models are loaded
