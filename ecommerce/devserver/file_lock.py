"""Advisory file locks: the kernel gives them back when the holder dies, however it dies."""

import fcntl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


class FileLock:
    """Taking never blocks; it answers whether the lock is now held. Child processes do not inherit it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a")

    def shared(self) -> bool:
        return self._take(fcntl.LOCK_SH)

    def exclusive(self) -> bool:
        return self._take(fcntl.LOCK_EX)

    def close(self) -> None:
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()

    def _take(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_free(path: Path) -> bool:
    with closing(FileLock(path)) as lock:
        return lock.exclusive()


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
