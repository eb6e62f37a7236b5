"""Several callers at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(callers: int, work: Callable[[], Any]) -> list[Any]:
    """The same in so many threads, all beginning at the same moment; an error is an answer, too."""
    start = Barrier(callers)

    def one() -> Any:
        start.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(callers) as pool:
        calls = [pool.submit(one) for _ in range(callers)]
        return [call.result() for call in calls]
