"""Settings that production refuses unless ALLOW_INSECURE names their risk."""

import ipaddress
import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

Settings = Mapping[str, Any]
# Returns a sentence that begins with the variable's name and shows no value, or an empty text.
Risk = Callable[[Settings], str]


def is_loopback(host: str | None) -> bool:
    """Return whether a name or an address is this machine for itself."""
    try:
        return host == "localhost" or ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def is_remote_http(origin: str) -> bool:
    return origin.startswith("http://") and not is_loopback(urlsplit(origin).hostname)


def entropy(text: str) -> float:
    """Return at most how many bits a text holds, by its letters, their distances and its repetitions."""
    letters = list(map(ord, text))
    distances = [after - before for before, after in pairwise(letters)]
    repetitions = 8 * (len(zlib.compress(text.encode(), 9)) - len(zlib.compress(b"", 9)))
    return min(_bits(letters), _bits(distances), repetitions)


def _bits(values: list[int]) -> float:
    shares = [count / len(values) for count in Counter(values).values()]
    return -len(values) * sum(share * math.log2(share) for share in shares)
