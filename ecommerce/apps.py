"""The app of the shop's management commands, and Django's own apps with ObjectId keys.

The migrations of Django's apps are under ecommerce/mongo_migrations.
"""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class ShopConfig(AppConfig):
    name = "ecommerce"
    label = "shop"  # `ecommerce` is the label of ecommerce.core

    def ready(self) -> None:
        from ecommerce.core.outbox import wakeup

        wakeup.send_hint = send_delivery_hint


def send_delivery_hint(timeouts: dict[str, float]) -> None:
    """Ask a worker to deliver the outbox. Celery is imported here, since most processes do not need it."""
    from ecommerce.celery import app

    options = app.conf.broker_transport_options | timeouts
    with app.connection_for_write(transport_options=options) as redis:
        app.send_task("ecommerce.core.tasks.deliver_outbox", connection=redis, retry=False)


class MongoAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID
