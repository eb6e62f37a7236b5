"""A race and its negative control are one function."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from tests.races.shop import Shop

SHOP, NAIVE, NAIVE_ALONE = WAYS = "shop", "naive", "naive one by one"
MARKED_WAYS = [
    SHOP,
    pytest.param(NAIVE, marks=pytest.mark.control("naive code breaks it")),
    pytest.param(NAIVE_ALONE, marks=pytest.mark.control("naive code keeps it one by one")),
]


def race(check: Callable[[Shop], None]) -> Callable[..., None]:
    """Three tests of one function, each ending with fsck.

    It passes on the shop. It fails on the naive one, or it would prove nothing. It passes on the naive one
    when the same requests come one by one, so that it is the race that the naive one fails by.
    """

    @pytest.mark.parametrize("way", MARKED_WAYS)
    def test(way: str, shop: Shop) -> None:
        with expectation(way):
            check(shop)
            shop.fsck()

    return test


def expectation(way: str) -> AbstractContextManager[Any]:
    return pytest.raises(AssertionError) if way == NAIVE else nullcontext()
