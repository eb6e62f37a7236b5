"""Parts that were compressed one by one are a valid gzip file in any order."""

import gzip
import random
import zlib

from ecommerce.site.hot_path.gzip_parts import Part, crc_of, gzipped

RANDOM = random.Random(1)
LENGTHS = (0, 1, 2, 63, 64, 1000, 70_000)


def some_texts() -> list[bytes]:
    return [RANDOM.randbytes(RANDOM.choice(LENGTHS)) for _ in range(RANDOM.randint(0, 6))]


def test_any_parts_are_a_gzip_file_with_the_right_checksum_and_length():
    for _ in range(300):
        texts = some_texts()
        parts = [Part.of(text, level=RANDOM.randint(1, 9)) for text in texts]
        RANDOM.shuffle(parts)
        whole = b"".join(part.text for part in parts)
        assert crc_of(parts) == zlib.crc32(whole)
        assert gzip.decompress(gzipped(parts)) == whole
        assert sorted(part.text for part in parts) == sorted(texts)


def test_a_part_is_no_shorter_for_a_text_that_another_part_repeats():
    """The length of a page does not reveal whether a guess at its secret is right."""
    secret = Part.of(b"a7f3c1d95e2b8064")
    right, wrong = (Part.of(b"guess: " + guess) for guess in (b"a7f3c1d95e2b8064", b"91e0b6d4c8f2a753"))
    assert len(gzipped([right, secret])) == len(gzipped([wrong, secret]))
