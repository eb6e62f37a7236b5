"""What the shop makes of an uploaded file: three pictures of its own, or a refusal and nothing."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from PIL import Image

from catalog.images import uploads
from catalog.images.addresses import WIDTHS
from catalog.images.uploads import MAX_BYTES, MAX_BYTES_BY_WIDTH, UploadRefused, store
from tests.catalog.pictures import (
    GPS,
    LATITUDE,
    busy_photo,
    encoded,
    huge_png,
    photo,
    stored_content,
    with_exif,
)

SCRIPT = b"<script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
NO_PICTURE = "This is no picture, or a damaged one. Give a JPEG, PNG or WebP."
TOO_MANY_PIXELS = "This picture has more than 40 megapixels."


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def stored(content: bytes) -> dict[int, Image.Image]:
    name = store(BytesIO(content))
    return {width: Image.open(BytesIO(stored_content(name, width))) for width in WIDTHS}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_webp_of_three_widths(kind, media):
    made = stored(photo(1600, 1200, kind))
    assert {width: picture.size for width, picture in made.items()} == {
        320: (320, 240),
        640: (640, 480),
        1280: (1280, 960),
    }
    assert {picture.format for picture in made.values()} == {"WEBP"}
    assert len(files(media)) == 3


def test_a_small_picture_is_never_enlarged():
    assert [picture.size for picture in stored(photo(500, 100)).values()] == [
        (320, 64),
        (500, 100),
        (500, 100),
    ]


def test_its_name_is_the_shops_and_is_new_each_time():
    names = {store(BytesIO(photo(9, 9))) for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("products/") and len(name) == len("products/") + 32 for name in names)


def test_place_camera_and_comment_are_gone():
    before = Image.open(BytesIO(with_exif()))
    assert before.getexif().get_ifd(GPS)[LATITUDE]  # the file had them
    assert b"SECRET" in with_exif()
    name = store(BytesIO(with_exif()))
    for width in WIDTHS:
        content = stored_content(name, width)
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {content[n : n + 4] for n in range(len(content))}
        assert b"SECRET" not in content
        assert not Image.open(BytesIO(content)).getexif()


def test_a_picture_stands_upright_once_its_exif_is_gone():
    made = stored(with_exif(orientation=6))[640]  # turned by 90 degrees clockwise: the black side comes up
    assert made.size == (640, 853)
    colours = made.convert("L")
    assert colours.getpixel((320, 5)) < 30 < 220 < colours.getpixel((320, 848))


def test_of_an_animation_the_first_picture_stays():
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("red", "blue")]
    made = stored(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))[320]
    assert not getattr(made, "is_animated", False)
    red, _, blue = made.convert("RGB").getpixel((5, 5))
    assert red > 200 > 50 > blue


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_colours_is_taken(mode):
    assert stored(encoded(Image.new(mode, (400, 300)), "PNG"))[320].size == (320, 240)


def test_a_picture_of_16_bits_keeps_its_shades():
    grey = Image.new("I;16", (400, 300), 0x8000)
    assert 120 < stored(encoded(grey, "PNG"))[320].convert("L").getpixel((9, 9)) < 136


def test_what_is_transparent_stays_so():
    assert stored(encoded(Image.new("RGBA", (400, 300), (9, 9, 9, 0)), "PNG"))[320].mode == "RGBA"


def test_a_broken_colour_profile_costs_nothing_but_itself():
    assert stored(photo(400, 300, icc_profile=b"no profile at all"))[320].size == (320, 240)


def sizes(name: str) -> dict[int, int]:
    return {width: len(stored_content(name, width)) for width in WIDTHS}


def test_a_busy_photograph_keeps_the_byte_budget(monkeypatch):
    light = sizes(store(BytesIO(busy_photo())))
    assert all(light[width] <= most for width, most in MAX_BYTES_BY_WIDTH.items()), light
    monkeypatch.setattr(uploads, "QUALITIES", (80,))
    heavy = sizes(store(BytesIO(busy_photo())))
    assert any(heavy[width] > most for width, most in MAX_BYTES_BY_WIDTH.items()), (
        heavy
    )  # the budget was at stake


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b"<?xml version='1.0'?>" + SVG,
        b"<!doctype html>" + SCRIPT,
        b"GIF89a" + SCRIPT,
        encoded(Image.new("RGB", (9, 9)), "GIF"),
        encoded(Image.new("RGB", (9, 9)), "BMP"),
        encoded(Image.new("RGB", (9, 9)), "TIFF"),
        encoded(Image.new("RGB", (9, 9)), "PDF"),
        encoded(Image.new("RGB", (9, 9)), "ICO"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"\xff\xd8\xff\xe0" + SCRIPT,
        b"RIFF\xff\xff\xff\xffWEBPVP8 " + SCRIPT,
        photo()[:2000],
        photo(kind="PNG")[:-200],
        photo(kind="WEBP")[:-200],
        huge_png(600, 600),
    ],
)
def test_what_is_no_whole_jpeg_png_or_webp_is_refused_and_leaves_nothing(content, media):
    with pytest.raises(UploadRefused) as refusal:
        store(BytesIO(content))
    assert (refusal.value.message, refusal.value.field) == (NO_PICTURE, "upload")
    assert not media.exists()


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 9_000), (6_400, 6_251), (60_000, 60_000)])
def test_a_bomb_is_refused_by_its_header(size, media, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("It is decoded."))
    with pytest.raises(UploadRefused, match=TOO_MANY_PIXELS):
        store(BytesIO(huge_png(*size)))
    assert not media.exists()


def test_a_real_picture_of_too_many_pixels_is_refused():
    with pytest.raises(UploadRefused, match=TOO_MANY_PIXELS):
        store(BytesIO(encoded(Image.new("L", (20_000, 20_000)), "PNG")))


def test_8_mb_are_taken_and_a_byte_more_is_not():
    picture = photo(40, 30)
    store(BytesIO(picture + b"\0" * (MAX_BYTES - len(picture))))
    with pytest.raises(UploadRefused, match="larger than 8 MB"):
        store(BytesIO(picture + b"\0" * (MAX_BYTES - len(picture) + 1)))


@pytest.mark.parametrize("hidden", [SCRIPT, SVG, b"PK\x03\x04 a zip", b"<?php system($_GET[0]);"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hides_behind_a_picture_is_left_out(kind, hidden, media):
    store(BytesIO(photo(400, 300, kind) + hidden))
    assert len(files(media)) == 3
    assert not [path for path in files(media) if hidden in path.read_bytes()]


def test_a_full_disk_refuses_the_upload_and_leaves_no_file(media, monkeypatch):
    save, saved = FileSystemStorage._save, []

    def fail_on_the_third_file(self: FileSystemStorage, name: str, content: File) -> str:
        saved.append(save(self, name, content))
        if len(saved) == 3:
            raise OSError(28, "No space left on device")
        return saved[-1]

    monkeypatch.setattr(FileSystemStorage, "_save", fail_on_the_third_file)
    with pytest.raises(UploadRefused, match="could not be stored"):
        store(BytesIO(photo()))
    assert len(saved) == 3
    assert files(media) == []
