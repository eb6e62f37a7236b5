"""Cache invalidation for products that are saved without a service, for example in a shell."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalog import cache
from catalog.models import Product
from ecommerce.core.db import on_commit


@receiver([post_save, post_delete], sender=Product)
def product_changed(**kwargs: Any) -> None:
    on_commit(cache.products_changed)
