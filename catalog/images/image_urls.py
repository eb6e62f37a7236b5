"""The pictures of products: names in the storage, and URLs.

A product's `image` is a URL elsewhere, the path of a file below static/, or the name of an upload, which is
stored in several widths.
"""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.files.storage import default_storage
from django.core.validators import URLValidator

WIDTHS = (320, 640, 1280)
UPLOAD_FOLDER = "products"
UPLOADED_FILE = r"[0-9a-f]{32}-(?:320|640|1280)\.webp"
_upload = re.compile(rf"{UPLOAD_FOLDER}/[0-9a-f]{{32}}")
_uploaded_path = re.compile(rf"{UPLOAD_FOLDER}/{UPLOADED_FILE}")
_valid_url = URLValidator(schemes=["http", "https"])


def validate_image(image: str) -> None:
    """Raise ValidationError unless the image can be shown."""
    if image.lower().startswith(("http://", "https://")):
        _valid_url(image)
    elif image and not _is_stored_upload(image) and not _is_static(image):
        raise ValidationError("Give an address that begins with https://, or the path of a file in static/.")


def is_upload(image: str) -> bool:
    return _upload.fullmatch(image) is not None


def file_name(upload: str, width: int = WIDTHS[-1]) -> str:
    """Return the name of the upload's file of this width in the storage."""
    return f"{upload}-{width}.webp"


def upload_url(upload: str, width: int = WIDTHS[-1]) -> str:
    """Return the absolute URL of the upload in this width."""
    return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{file_name(upload, width)}"


def upload_at(url: str) -> str | None:
    """Return the name of the upload that this URL of ours shows, in whatever width, or None."""
    prefix = settings.PUBLIC_URL + settings.MEDIA_URL
    path = url.removeprefix(prefix)
    return path.rpartition("-")[0] if path != url and _uploaded_path.fullmatch(path) else None


def resized_url(url: str, width: int) -> str:
    """Return the URL of the same picture in this width if it is an upload, otherwise the URL itself."""
    upload = upload_at(url)
    return upload_url(upload, width) if upload else url


def as_stored(fields: dict[str, Any], *, shown: str | None = None) -> dict[str, Any]:
    """Return the product fields with the URL of an upload replaced by its name.

    `shown` is the URL that the API shows of the product at present. If a client sends it back, the image is
    left out, so that it stays as it is stored.
    """
    if "image" not in fields:
        return fields
    if fields["image"] == shown:
        return {name: value for name, value in fields.items() if name != "image"}
    return {**fields, "image": upload_at(fields["image"] or "") or fields["image"]}


def _is_stored_upload(image: str) -> bool:
    return is_upload(image) and default_storage.exists(file_name(image))


@lru_cache(maxsize=1024)
def _is_static(path: str) -> bool:
    try:
        return finders.find(path) is not None
    except (SuspiciousFileOperation, ValueError, OSError):  # such as ../.., a NUL, or a name that is too long
        return False
