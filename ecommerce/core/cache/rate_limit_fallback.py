"""Where django-ratelimit counts: in Redis, for all workers together; while that is away, in this process."""

from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django_redis.exceptions import ConnectionInterrupted

from ecommerce.core.cache import read_through as cache


class FailOverCache(BaseCache):
    """As much of a cache as counting takes."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, *args: Any, **options: Any) -> Any:
        return self._ask("add", *args, **options)

    def get(self, *args: Any, **options: Any) -> Any:
        return self._ask("get", *args, **options)

    def incr(self, key: str, *args: Any, **options: Any) -> Any:
        """Redis may be lost since it said that it has the key: with none here the caller would be refused."""
        caches["in_process"].add(key, 0)
        return self._ask("incr", key, *args, **options)

    def _ask(self, command: str, *args: Any, **options: Any) -> Any:
        if cache.reachable():
            redis: Any = caches["default"]
            try:
                return getattr(redis.client, command)(*args, **options)
            except ConnectionInterrupted as error:
                cache.lost(error)
        return getattr(caches["in_process"], command)(*args, **options)
