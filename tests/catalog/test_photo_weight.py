"""The size of pages full of photographs on a phone with 390 px and a pixel ratio of two."""

import gzip
import re
from io import BytesIO
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import default_storage
from django.test import Client

from catalog.images.image_urls import file_name
from catalog.images.uploads import store
from tests.catalog.pictures import detailed_photo
from tests.support import factories

pytestmark = pytest.mark.django_db
KIB = 1024
PHONE_WIDTH, PIXEL_RATIO = 390, 2
HEADERS = 600  # of one response
SHELL = ("css/shop.css", "js/shop.js", "fonts/figtree.woff2", "img/favicon.svg")
PICTURE = re.compile(r'<img [^>]*srcset="([^"]+)" sizes="([^"]+)"')
CANDIDATE = re.compile(r"(\S+) (\d+)w")


@pytest.fixture(autouse=True)
def _photographs(settings, tmp_path: Path) -> None:
    """Create more products than a list page has, each with a picture as large as possible."""
    settings.MEDIA_ROOT = tmp_path
    image = store(BytesIO(detailed_photo()))
    for number in range(25):
        factories.product(slug=f"photo-{number}", image=image, category="Photos")


@pytest.mark.parametrize(
    ("path", "pictures", "max_kib"), [("/products/", 24, 250), ("/products/photo-0/", 5, 200)]
)
def test_a_page_full_of_photographs_stays_within_its_size_limit(
    client: Client, path: str, pictures: int, max_kib: int
) -> None:
    page = client.get(path).content.decode()
    chosen = [size_of(srcset, sizes) for srcset, sizes in PICTURE.findall(page)]
    assert len(chosen) == pictures
    shell = [len(compressed(Path(finders.find(name)).read_bytes())) for name in SHELL]
    parts = [len(gzip.compress(page.encode())), *shell, *chosen]
    assert sum(parts) + HEADERS * len(parts) <= max_kib * KIB, parts


def size_of(srcset: str, sizes: str) -> int:
    """Return the size of the file that a browser chooses, which is the narrowest with enough pixels.

    The last of `sizes` is that of a phone.
    """
    shown = float(re.fullmatch(r"(\d+)vw", sizes.split(", ")[-1]).group(1)) / 100 * PHONE_WIDTH * PIXEL_RATIO
    offered = [int(width) for _address, width in CANDIDATE.findall(srcset)]
    width = next((width for width in offered if width >= shown), offered[-1])
    name = re.search(rf"{settings.MEDIA_URL}(products/[0-9a-f]+)-", srcset).group(1)
    return default_storage.size(file_name(name, width))


def compressed(content: bytes) -> bytes:
    return min(content, brotli.compress(content), key=len)
