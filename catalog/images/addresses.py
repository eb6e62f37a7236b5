"""Where a product's picture is: an address elsewhere, a path below static/, or an upload's name."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.validators import URLValidator

WIDTHS = (320, 640, 1280)
FILE = r"[0-9a-f]{32}-(?:320|640|1280)\.webp"
_UPLOAD = re.compile(r"products/[0-9a-f]{32}")
_UPLOADED_FILE = re.compile(rf"products/{FILE}")
_valid_address = URLValidator(schemes=["http", "https"])


def validate_image(image: str) -> None:
    """Raise ValidationError unless it can be shown."""
    if image.lower().startswith(("http://", "https://")):
        _valid_address(image)
    elif image and not (is_upload(image) and file_of(image).is_file()) and not _is_static(image):
        raise ValidationError("Give an address that begins with https://, or the path of a file in static/.")


def is_upload(image: str) -> bool:
    return _UPLOAD.fullmatch(image) is not None


def file_of(upload: str, width: int = WIDTHS[-1]) -> Path:
    return Path(settings.MEDIA_ROOT) / f"{upload}-{width}.webp"


def address_of(upload: str, width: int = WIDTHS[-1]) -> str:
    return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{upload}-{width}.webp"


def upload_at(address: str) -> str | None:
    """The upload that our own address shows, in whatever width."""
    start = settings.PUBLIC_URL + settings.MEDIA_URL
    path = address.removeprefix(start)
    return path.rpartition("-")[0] if path != address and _UPLOADED_FILE.fullmatch(path) else None


def sized(address: str, width: int) -> str:
    """The address of a picture of about this width, where there are several."""
    upload = upload_at(address)
    return address_of(upload, width) if upload else address


def as_stored(fields: dict[str, Any], shown: str | None = None) -> dict[str, Any]:
    """The fields with our own picture's address as what the shop stores of it.

    `shown` is the product's own: posted back as it was read, what is stored stays.
    """
    if "image" not in fields:
        return fields
    if fields["image"] == shown:
        return {name: value for name, value in fields.items() if name != "image"}
    return {**fields, "image": upload_at(fields["image"] or "") or fields["image"]}


@lru_cache(maxsize=1024)
def _is_static(path: str) -> bool:
    try:
        return finders.find(path) is not None
    except (SuspiciousFileOperation, ValueError, OSError):  # ../.., a NUL, a name that is too long
        return False
