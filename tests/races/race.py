"""A race and its negative control are one function."""

from collections.abc import Callable

import pytest

from tests.races.shop import Shop

NAIVE_TRIES = 5
SHOP, NAIVE, NAIVE_ALONE = "shop", "naive", "naive one by one"
ALONE = (
    pytest.mark.soak,  # takes nearly as long as the other two together
    pytest.mark.proof("races of naive code"),
    pytest.mark.control("naive code keeps it one by one"),
)
WAYS = [
    SHOP,
    pytest.param(NAIVE, marks=pytest.mark.control("naive code breaks it")),
    pytest.param(NAIVE_ALONE, marks=ALONE),
]


def race(check: Callable[[Shop], None]) -> Callable[..., None]:
    """Return tests of one function, each of which ends with fsck.

    It passes on the shop. It fails on the naive shop, or it would prove nothing. In `make soak` it also
    passes on the naive shop when the same requests come one by one: it is the race that the naive shop loses.
    """

    @pytest.mark.parametrize("way", WAYS)
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
