"""Pictures that staff upload: decoded, drawn anew in three widths, and nothing else of the file is kept."""

import logging
import secrets
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from catalog.images.addresses import WIDTHS, file_of
from ecommerce.core.errors import FieldError

MAX_BYTES = 8_000_000
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
TALLEST = 4  # times the width; WebP ends at 16383
# What a picture may weigh: a list of 24 photographs then has 250 KiB, a product's page 200. The last quality
# counts, whatever it weighs.
MOST_BYTES = dict(zip(WIDTHS, (8_000, 32_000, 115_000), strict=True))
QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10)

logger = logging.getLogger("shop.uploads")
_one_at_a_time = Lock()  # decoding a large one takes 350 MB


class Refused(FieldError):
    code = "upload_refused"

    def __init__(self, message: str) -> None:
        super().__init__("upload", message)


def store(file: BinaryIO) -> str:
    """Store the picture and answer its name, for `Product.image`. Raises Refused.

    Nothing deletes what is stored: orders, mails and caches may show it still.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Refused(_("This file is larger than 8 MB."))
    with _one_at_a_time:
        pictures = _redrawn(content)
    name = f"products/{secrets.token_hex(16)}"
    try:
        _write({file_of(name, width): picture for width, picture in pictures.items()})
    except OSError as error:
        logger.exception("A picture could not be written.")
        raise Refused(_("The picture could not be stored. Please try again later.")) from error
    return name


def _redrawn(content: bytes) -> dict[int, bytes]:
    """By what the bytes are: the file's name and content type are the sender's to choose."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            _refuse_many_pixels(image)
            largest = _fitted(image, WIDTHS[-1])
        return {width: _encoded(largest, width) for width in WIDTHS}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Refused:
        raise
    except Exception as error:  # what decoders raise of broken files is no closed list
        raise Refused(_("This is no picture, or a damaged one. Give a JPEG, PNG or WebP.")) from error


def _refuse_many_pixels(image: Image.Image) -> None:
    """By its header: nothing is decoded yet."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Refused:
    return Refused(_("This picture has more than 40 megapixels."))


def _fitted(image: Image.Image, width: int) -> Image.Image:
    """Upright, in plain sRGB and at most this wide. Shrunk first: the rest then takes little memory."""
    longest = TALLEST * width
    image.draft("RGB", (width, width))  # a JPEG is decoded no larger than needed
    image.load()
    picture = _plain(image)
    picture.thumbnail((longest, longest))
    ImageOps.exif_transpose(picture, in_place=True)
    picture.thumbnail((width, longest))
    return _in_srgb(picture)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits, which a plain conversion cuts off
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Phones' colours are of a wider space, and pale once its profile is gone."""
    if not (profile := picture.info.get("icc_profile")):
        return picture
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, BytesIO(profile), srgb) or picture
    except ImageCms.PyCMSError:  # a broken one, or of other colours
        return picture


def _encoded(largest: Image.Image, width: int) -> bytes:
    picture = largest.copy()
    picture.thumbnail((width, TALLEST * width))
    picture.info.clear()  # place, camera, profile, comments
    for quality in QUALITIES:
        buffer = BytesIO()
        picture.save(buffer, "WEBP", quality=quality)
        if buffer.tell() <= MOST_BYTES[width]:
            break
    return buffer.getvalue()


def _write(files: dict[Path, bytes]) -> None:
    """Written aside and renamed, so that nobody reads a half of one."""
    folder = next(iter(files)).parent
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".") as aside:
        for path, content in files.items():
            (Path(aside) / path.name).write_bytes(content)
        for path in files:
            (Path(aside) / path.name).replace(path)
