"""Advisory file locks. The kernel releases them when the holder dies, `kill -9` included."""

import fcntl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


class FileLock:
    """A lock on a file, shared or exclusive. Child processes do not inherit it by default."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a")

    def shared(self) -> bool:
        """Take the lock beside other shared holders, without waiting; return whether it is held now."""
        return self._take(fcntl.LOCK_SH)

    def exclusive(self) -> bool:
        """Take the lock alone, without waiting; return whether it is held now."""
        return self._take(fcntl.LOCK_EX)

    def close(self) -> None:
        """Release the lock."""
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
    """Return whether no process holds a lock on the file."""
    with closing(FileLock(path)) as lock:
        return lock.exclusive()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition is true; return False if it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
