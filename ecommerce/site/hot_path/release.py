"""The release that this process runs, told by its files: it must not serve the answers of another one."""

import hashlib
from functools import cache

from django.conf import settings

FOLDERS = ("ecommerce", "accounts", "catalog", "cart", "orders", "payments", "templates", "locale")
SUFFIXES = {".py", ".html", ".svg", ".mo"}
MANIFEST = "staticfiles.json"  # names each static file with the digest of its content


@cache
def release() -> str:
    """Return a digest of the code, the templates, the translations and the static files."""
    digest = hashlib.blake2b(digest_size=6)
    for folder in FOLDERS:
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(path.read_bytes())
    manifest = settings.STATIC_ROOT / MANIFEST
    if manifest.exists():
        digest.update(manifest.read_bytes())
    return digest.hexdigest()
