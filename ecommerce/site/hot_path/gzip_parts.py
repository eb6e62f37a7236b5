"""A gzip file from parts that are compressed already, in which a few others are put for each visitor.

A part ends at a byte and refers to no other part, so that parts can be joined in any order. This also keeps
the length of a page from revealing its form token to a page that reflects an attacker's text (BREACH).
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

FILE_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no name, no time
LAST_BLOCK = b"\x03\x00"  # empty
POLYNOMIAL = 0xEDB88320  # of CRC-32, its bits reversed
ONE = 1 << 31


@dataclass(frozen=True, slots=True)
class Part:
    deflated: bytes
    crc: int
    length: int  # before compression

    @classmethod
    def of(cls, text: bytes, *, level: int = 9) -> "Part":
        compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        deflated = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return cls(deflated, zlib.crc32(text), len(text))

    @property
    def text(self) -> bytes:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.deflated)


def gzipped(parts: list[Part]) -> bytes:
    """Return the parts as one gzip file."""
    length = sum(part.length for part in parts)
    trailer = struct.pack("<LL", crc_of(parts), length & 0xFFFFFFFF)
    return b"".join([FILE_HEADER, *(part.deflated for part in parts), LAST_BLOCK, trailer])


def crc_of(parts: Sequence[Part]) -> int:
    """Return the CRC-32 of the joined texts: that of AB is that of A, shifted by the length of B, xor B's.

    So each part adds its own, shifted by the length of all that follows. Between two visitors only a hole or
    two differ, and what the other parts add is remembered.
    """
    crc = following = 0
    for part in reversed(parts):
        if part.length:
            crc ^= _shifted(part.crc, following)
            following += part.length
    return crc


@lru_cache(4096)
def _shifted(crc: int, length: int) -> int:
    return _multiply(_shift_by(length), crc)


@lru_cache(4096)
def _shift_by(length: int) -> int:
    """Return the polynomial that shifts a CRC by this many bytes: x to the power of 8 times the length."""
    power, square = ONE, ONE >> 8
    while length:
        if length & 1:
            power = _multiply(power, square)
        square = _multiply(square, square)
        length >>= 1
    return power


def _multiply(a: int, b: int) -> int:
    """Multiply two polynomials modulo that of CRC-32; the highest bit is the power 0."""
    product = 0
    while a:
        if a & ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ POLYNOMIAL if b & 1 else b >> 1
    return product
