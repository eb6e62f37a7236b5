"""What a phone of 390 px with two pixels a pixel loads of pages full of photographs, by what they ask for."""

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

from catalog.images.addresses import file_name
from catalog.images.uploads import store
from tests.catalog.pictures import busy_photo
from tests.support import factories

pytestmark = pytest.mark.django_db
KIB = 1024
PHONE, PIXELS = 390, 2
HEADERS = 600  # of one answer
SHELL = ("css/shop.css", "js/shop.js", "fonts/figtree.woff2", "img/favicon.svg")
PICTURE = re.compile(r'<img [^>]*srcset="([^"]+)" sizes="([^"]+)"')
CANDIDATE = re.compile(r"(\S+) (\d+)w")


@pytest.fixture(autouse=True)
def _photographs(settings, tmp_path: Path) -> None:
    """More than a list's page has, each as heavy as they get."""
    settings.MEDIA_ROOT = tmp_path
    image = store(BytesIO(busy_photo()))
    for number in range(25):
        factories.product(slug=f"photo-{number}", image=image, category="Photos")


@pytest.mark.parametrize(
    ("path", "pictures", "most"), [("/products/", 24, 250), ("/products/photo-0/", 5, 200)]
)
def test_photographs_leave_a_page_light(client: Client, path: str, pictures: int, most: int) -> None:
    page = client.get(path).content.decode()
    taken = [weight_of(srcset, sizes) for srcset, sizes in PICTURE.findall(page)]
    assert len(taken) == pictures
    shell = [len(compressed(Path(finders.find(name)).read_bytes())) for name in SHELL]
    parts = [len(gzip.compress(page.encode())), *shell, *taken]
    assert sum(parts) + HEADERS * len(parts) <= most * KIB, parts


def weight_of(srcset: str, sizes: str) -> int:
    """The file that a browser takes: the narrowest that has every pixel. The last of `sizes` is a phone's."""
    shown = float(re.fullmatch(r"(\d+)vw", sizes.split(", ")[-1]).group(1)) / 100 * PHONE * PIXELS
    offered = [int(width) for _address, width in CANDIDATE.findall(srcset)]
    width = next((width for width in offered if width >= shown), offered[-1])
    name = re.search(rf"{settings.MEDIA_URL}(products/[0-9a-f]+)-", srcset).group(1)
    return default_storage.size(file_name(name, width))


def compressed(content: bytes) -> bytes:
    return min(content, brotli.compress(content), key=len)
