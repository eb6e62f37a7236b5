"""Storing an uploaded picture: three files of the shop's own, or a refusal that leaves nothing behind."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from PIL import Image

from catalog.images import uploads
from catalog.images.image_urls import WIDTHS
from catalog.images.jpeg_scans import number_of_scans
from catalog.images.uploads import MAX_BYTES, MAX_BYTES_BY_WIDTH, UploadRefused, store
from tests.catalog.pictures import (
    GPS,
    LATITUDE,
    detailed_photo,
    encoded,
    huge_png,
    photo,
    stored_content,
    with_exif,
)

SCRIPT = b"<script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
NOT_A_PICTURE = "This is no picture, or a damaged one. Give a JPEG, PNG or WebP."
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
def test_a_picture_is_stored_as_webp_in_three_widths(kind, media):
    pictures = stored(photo(1600, 1200, kind))
    assert {width: picture.size for width, picture in pictures.items()} == {
        320: (320, 240),
        640: (640, 480),
        1280: (1280, 960),
    }
    assert {picture.format for picture in pictures.values()} == {"WEBP"}
    assert len(files(media)) == 3


def test_a_small_picture_is_never_enlarged():
    assert [picture.size for picture in stored(photo(500, 100)).values()] == [
        (320, 64),
        (500, 100),
        (500, 100),
    ]


def test_the_name_is_generated_and_different_each_time():
    names = {store(BytesIO(photo(9, 9))) for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("products/") and len(name) == len("products/") + 32 for name in names)


def test_position_camera_and_comment_are_removed():
    before = Image.open(BytesIO(with_exif()))
    assert before.getexif().get_ifd(GPS)[LATITUDE]  # the file contains them
    assert b"SECRET" in with_exif()
    name = store(BytesIO(with_exif()))
    for width in WIDTHS:
        content = stored_content(name, width)
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {content[n : n + 4] for n in range(len(content))}
        assert b"SECRET" not in content
        assert not Image.open(BytesIO(content)).getexif()


def test_a_picture_is_upright_without_its_exif():
    picture = stored(with_exif(orientation=6))[640]  # rotated by 90 degrees: the black side is at the top
    assert picture.size == (640, 853)
    colours = picture.convert("L")
    assert colours.getpixel((320, 5)) < 30 < 220 < colours.getpixel((320, 848))


def test_only_the_first_frame_of_an_animation_is_kept():
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("red", "blue")]
    picture = stored(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))[320]
    assert not getattr(picture, "is_animated", False)
    red, _, blue = picture.convert("RGB").getpixel((5, 5))
    assert red > 200 > 50 > blue


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_colour_mode_is_accepted(mode):
    assert stored(encoded(Image.new(mode, (400, 300)), "PNG"))[320].size == (320, 240)


def test_a_picture_of_16_bits_keeps_its_shades():
    grey = Image.new("I;16", (400, 300), 0x8000)
    assert 120 < stored(encoded(grey, "PNG"))[320].convert("L").getpixel((9, 9)) < 136


def test_transparency_is_kept():
    assert stored(encoded(Image.new("RGBA", (400, 300), (9, 9, 9, 0)), "PNG"))[320].mode == "RGBA"


def test_a_broken_colour_profile_is_ignored():
    assert stored(photo(400, 300, icc_profile=b"no profile at all"))[320].size == (320, 240)


def with_scans(number: int) -> bytes:
    """Return a JPEG that repeats the last scan of a progressive one."""
    whole = photo(400, 300, progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * (number - number_of_scans(whole)) + whole[-2:]


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(media, monkeypatch):
    few, many = with_scans(32), with_scans(33)
    assert stored(few)[320].size == (320, 240)
    monkeypatch.setattr(uploads, "_load", lambda image, width: pytest.fail("It was decoded."))
    with pytest.raises(UploadRefused, match="Save it again"):
        store(BytesIO(many))
    assert len(files(media)) == 3


def test_scans_are_counted_as_a_decoder_finds_them():
    plain, progressive = photo(400, 300), photo(400, 300, progressive=True)
    assert (number_of_scans(plain), number_of_scans(progressive)) == (1, 10)
    preview = photo(400, 300, exif=b"Exif\0\0" + plain, comment=b"\xff\xda" * 99)
    assert number_of_scans(preview + b"\xff\xda" * 99) == 1  # phones append films
    first, *others = progressive.split(b"\xff\xda")
    hidden = first + b"\xff\xda" + b"\xff\x01\xff\xda".join(others)  # a marker without a length
    assert number_of_scans(hidden) == 10
    assert Image.open(BytesIO(hidden)).convert("L").getpixel((399, 150)) > 200  # decoders read it


def sizes(name: str) -> dict[int, int]:
    return {width: len(stored_content(name, width)) for width in WIDTHS}


def test_a_detailed_photograph_stays_within_the_size_limits(monkeypatch):
    light = sizes(store(BytesIO(detailed_photo())))
    assert all(light[width] <= most for width, most in MAX_BYTES_BY_WIDTH.items()), light
    monkeypatch.setattr(uploads, "QUALITIES", (80,))
    heavy = sizes(store(BytesIO(detailed_photo())))
    assert any(heavy[width] > most for width, most in MAX_BYTES_BY_WIDTH.items()), heavy


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
def test_anything_but_an_intact_jpeg_png_or_webp_is_refused_without_a_trace(content, media):
    with pytest.raises(UploadRefused) as refusal:
        store(BytesIO(content))
    assert (refusal.value.message, refusal.value.field) == (NOT_A_PICTURE, "upload")
    assert not media.exists()


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 9_000), (6_400, 6_251), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(size, media, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("The picture was decoded."))
    with pytest.raises(UploadRefused, match=TOO_MANY_PIXELS):
        store(BytesIO(huge_png(*size)))
    assert not media.exists()


def test_a_real_picture_with_too_many_pixels_is_refused():
    with pytest.raises(UploadRefused, match=TOO_MANY_PIXELS):
        store(BytesIO(encoded(Image.new("L", (20_000, 20_000)), "PNG")))


def test_8_mb_are_accepted_and_one_byte_more_is_refused():
    picture = photo(40, 30)
    store(BytesIO(picture + b"\0" * (MAX_BYTES - len(picture))))
    with pytest.raises(UploadRefused, match="larger than 8 MB"):
        store(BytesIO(picture + b"\0" * (MAX_BYTES - len(picture) + 1)))


@pytest.mark.parametrize("hidden", [SCRIPT, SVG, b"PK\x03\x04 a zip", b"<?php system($_GET[0]);"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_content_hidden_behind_a_picture_is_removed(kind, hidden, media):
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
