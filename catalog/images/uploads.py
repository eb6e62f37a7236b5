"""Uploaded pictures, which are decoded and re-encoded in three widths; nothing else of the file is kept."""

import logging
import secrets
from io import BytesIO
from threading import Lock
from typing import BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from catalog.images.image_urls import UPLOAD_FOLDER, WIDTHS, file_name
from catalog.images.jpeg_scans import number_of_scans
from ecommerce.core.errors import FieldError

MAX_BYTES = 8_000_000
JPEG = b"\xff\xd8"
MAX_PIXELS = 40_000_000
MAX_SCANS = 32  # of a JPEG; encoders write about ten, and 8 MB could hold 300,000, which take minutes
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_HEIGHT_RATIO = 4  # height to width; WebP ends at 16383 pixels
# The size limits keep a list of 24 photographs within 250 KiB and a product page within 200 KiB. The lowest
# quality is used whatever its size.
MAX_BYTES_BY_WIDTH = dict(zip(WIDTHS, (8_000, 32_000, 115_000), strict=True))
QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10)

logger = logging.getLogger("shop.uploads")
_decoding = Lock()  # one picture at a time: decoding a large one takes 350 MB


class UploadRefused(FieldError):
    code = "upload_refused"

    def __init__(self, message: str) -> None:
        super().__init__("upload", message)


def store(file: BinaryIO) -> str:
    """Store the picture and return its name for `Product.image`. Raises UploadRefused.

    Stored pictures are never deleted, because orders, mails and caches may still show them.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UploadRefused(_("This file is larger than 8 MB."))
    with _decoding:
        pictures = _reencode(content)
    upload = f"{UPLOAD_FOLDER}/{secrets.token_hex(16)}"
    try:
        _save({file_name(upload, width): picture for width, picture in pictures.items()})
    except OSError as error:
        logger.exception("A picture could not be written.")
        raise UploadRefused(_("The picture could not be stored. Please try again later.")) from error
    return upload


def _reencode(content: bytes) -> dict[int, bytes]:
    """Return the picture by width. The format is detected: the sender chooses name and content type."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            _refuse_many_pixels(image)
            _refuse_many_scans(content)
            largest = _load(image, WIDTHS[-1])
        return {width: _encode(largest, width) for width in WIDTHS}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UploadRefused:
        raise
    except Exception as error:  # decoders may raise anything for a broken file
        raise UploadRefused(_("This is no picture, or a damaged one. Give a JPEG, PNG or WebP.")) from error


def _refuse_many_pixels(image: Image.Image) -> None:
    """Check the size in the header, before anything is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _refuse_many_scans(content: bytes) -> None:
    if content.startswith(JPEG) and number_of_scans(content) > MAX_SCANS:
        message = _("This JPEG is saved in an unusual way. Save it again with an image editor.")
        raise UploadRefused(message)


def _too_many_pixels() -> UploadRefused:
    return UploadRefused(_("This picture has more than 40 megapixels."))


def _load(image: Image.Image, width: int) -> Image.Image:
    """Decode the picture upright, in sRGB and at most this wide; shrinking it first saves memory."""
    max_height = MAX_HEIGHT_RATIO * width
    image.draft("RGB", (width, width))  # decodes a JPEG no larger than needed
    image.load()
    picture = _in_plain_mode(image)
    picture.thumbnail((max_height, max_height))
    ImageOps.exif_transpose(picture, in_place=True)
    picture.thumbnail((width, max_height))
    return _in_srgb(picture)


def _in_plain_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel, which convert() alone would clip
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Convert the wider colour space of phones, which looks pale once the profile is removed."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, BytesIO(profile), srgb) or picture
    except ImageCms.PyCMSError:  # the profile is broken or for another mode
        return picture


def _encode(largest: Image.Image, width: int) -> bytes:
    picture = largest.copy()
    picture.thumbnail((width, MAX_HEIGHT_RATIO * width))
    picture.info.clear()  # position, camera, profile, comments
    for quality in QUALITIES:
        buffer = BytesIO()
        picture.save(buffer, "WEBP", quality=quality)
        if buffer.tell() <= MAX_BYTES_BY_WIDTH[width]:
            break
    return buffer.getvalue()


def _save(files: dict[str, bytes]) -> None:
    """Save all files or none. No product names them before, so an unfinished file is never read."""
    try:
        for name, content in files.items():
            default_storage.save(name, ContentFile(content))
    except OSError:
        for name in files:
            default_storage.delete(name)
        raise
