from django.apps import AppConfig


class DevserverConfig(AppConfig):
    name = "ecommerce.devserver"
