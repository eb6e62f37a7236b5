"""More customers at once than one process can play: each lives through the same story."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from threading import Barrier
from typing import TypeVar

Cast, Told = TypeVar("Cast"), TypeVar("Told")
STARTING_S = 120


def crowd(story: Callable[[Cast], Told], cast: Sequence[Cast], processes: int) -> list[Told]:
    """What each was told, in the order of the cast; all processes begin at the same moment."""
    context = get_context("spawn")
    parts = [cast[number::processes] for number in range(processes)]
    with context.Pool(processes, _wait, [context.Barrier(processes, timeout=STARTING_S)]) as pool:
        told = pool.map(partial(_live, story), parts, chunksize=1)
    found: list[Told] = [answer for part in told for answer in part]
    order = [index for number in range(processes) for index in range(number, len(cast), processes)]
    return [answer for _, answer in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]


def _wait(start: Barrier) -> None:
    start.wait()


def _live(story: Callable[[Cast], Told], cast: Sequence[Cast]) -> list[Told]:
    with ThreadPoolExecutor(max(1, len(cast))) as threads:
        return list(threads.map(story, cast))
