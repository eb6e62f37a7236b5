"""Where a product's picture is: an address elsewhere, or a path below static/."""

from functools import lru_cache

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.validators import URLValidator

_valid_address = URLValidator(schemes=["http", "https"])


def validate_image(image: str) -> None:
    """Raise ValidationError unless it can be shown."""
    if image.lower().startswith(("http://", "https://")):
        _valid_address(image)
    elif image and not _is_static(image):
        raise ValidationError("Give an address that begins with https://, or the path of a file in static/.")


@lru_cache(maxsize=1024)
def _is_static(path: str) -> bool:
    try:
        return finders.find(path) is not None
    except (SuspiciousFileOperation, ValueError, OSError):  # ../.., a NUL, a name that is too long
        return False
