"""Picture files, ordinary and malicious."""

import random
import struct
import zlib
from io import BytesIO
from typing import Any

from django.core.files.storage import default_storage
from PIL import Image

from catalog.images.image_urls import file_name

GPS, ORIENTATION, LATITUDE = 0x8825, 0x0112, 2


def photo(width: int = 1600, height: int = 1200, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture with a gradient from black on the left to white on the right."""
    picture = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize((width, height))
    return encoded(picture.convert("RGB"), kind, **options)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def detailed_photo() -> bytes:
    """Return a picture with detail at every scale, as a photograph of leaves has."""
    chance, layers = random.Random(1), []
    for width, height in ((8, 6), (32, 24), (128, 96), (512, 384)):
        grain = Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))
        layers.append(grain.resize((1600, 1200), Image.Resampling.BICUBIC))
    picture = layers[0]
    for number, layer in enumerate(layers[1:], start=1):
        picture = Image.blend(picture, layer, 0.4 / number)
    return encoded(picture, "JPEG", quality=95)


def with_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010E] = "SECRET-CAMERA"
    exif.get_ifd(GPS).update({1: "N", LATITUDE: (48.0, 11.0, 12.0)})
    return photo(exif=exif, comment=b"SECRET-COMMENT")


def stored_content(upload: str, width: int) -> bytes:
    """Return the stored file of an upload in this width."""
    with default_storage.open(file_name(upload, width)) as file:
        return file.read()


def huge_png(width: int, height: int) -> bytes:
    """Return a file of a few hundred bytes whose header claims these dimensions."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
