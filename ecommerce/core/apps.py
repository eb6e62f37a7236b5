from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "ecommerce.core"
    # Stored migrations and permissions, and the admin's addresses, have this label.
    label = "ecommerce"
