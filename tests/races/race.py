"""A race and its negative control are one function."""

from collections.abc import Callable

import pytest

from tests.races.shop import Shop

NAIVE_TRIES = 5
SHOP, NAIVE, NAIVE_ALONE = WAYS = "shop", "naive", "naive one by one"
MARKED_WAYS = [
    SHOP,
    pytest.param(NAIVE, marks=pytest.mark.control("naive code breaks it")),
    pytest.param(NAIVE_ALONE, marks=pytest.mark.control("naive code keeps it one by one")),
]


def race(check: Callable[[Shop], None]) -> Callable[..., None]:
    """Return three tests of one function, each of which ends with fsck.

    It passes on the shop. It fails on the naive shop, or it would prove nothing. It passes on the naive shop
    when the same requests come one by one, which shows that the naive shop fails because of the race.
    """

    @pytest.mark.parametrize("way", MARKED_WAYS)
    def test(way: str, shop: Shop) -> None:
        def raced() -> None:
            check(shop)
            shop.fsck()

        if way == NAIVE:
            assert fails_at_least_once(raced, reset=shop.begin_again)
        else:
            raced()

    return test


def fails_at_least_once(raced: Callable[[], None], *, reset: Callable[[], None]) -> bool:
    """Return whether naive code fails in one of several tries: on a busy machine it may be lucky once."""
    for _ in range(NAIVE_TRIES):
        try:
            raced()
        except AssertionError:
            return True
        reset()
    return False
