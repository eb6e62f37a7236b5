from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import emails, signals  # noqa: F401  # register what they handle
        from accounts.service_keys import services
        from ecommerce.core.web import service_keys

        service_keys.register(find_key=services.find_key, record_use=services.record_use)
