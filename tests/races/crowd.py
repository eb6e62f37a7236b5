"""More customers at once than one process can play. Each does the same."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from threading import Barrier
from typing import TypeVar

Actor, Result = TypeVar("Actor"), TypeVar("Result")
STARTING_S = 180


def crowd(act: Callable[[Actor], Result], actors: Sequence[Actor], processes: int) -> list[Result]:
    """Have every actor act at once, in several processes; return the results in the order of the actors."""
    context = get_context("spawn")
    parts = [range(number, len(actors), processes) for number in range(processes)]
    with context.Pool(processes, _wait, [context.Barrier(processes, timeout=STARTING_S)]) as pool:
        work = [[actors[index] for index in part] for part in parts]
        answers = pool.map(partial(_act_at_once, act), work, chunksize=1)
    results = {
        index: result
        for part, found in zip(parts, answers, strict=True)
        for index, result in zip(part, found, strict=True)
    }
    return [results[index] for index in range(len(actors))]


def _wait(start: Barrier) -> None:
    start.wait()


def _act_at_once(act: Callable[[Actor], Result], actors: Sequence[Actor]) -> list[Result]:
    with ThreadPoolExecutor(max(1, len(actors))) as threads:
        return list(threads.map(act, actors))
