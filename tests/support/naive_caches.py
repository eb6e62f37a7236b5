"""How caches are commonly invalidated: by deleting their entries. A negative control for the stamps."""

from ecommerce.core import redis

KEPT = (b":generation", b":stock", b":filling")


def delete_entries(namespace: str) -> None:
    """Delete every entry in the namespace, and leave its stamps as they are."""
    client = redis.client()
    for key in client.keys(f"ecommerce:{namespace}:*"):
        if not key.endswith(KEPT):
            client.delete(key)
