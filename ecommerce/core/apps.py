from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "ecommerce.core"
    # The label that its migrations, permissions and admin addresses have had from the start.
    label = "ecommerce"
