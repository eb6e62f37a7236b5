"""The background worker, as a child of `runshop`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from ecommerce.devserver.child_processes import TiedProcess
from ecommerce.devserver.file_lock import FileLock

CELERY = ["-m", "celery", "--quiet", "--app=ecommerce", "worker", "--beat", "--concurrency=2"]
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # nobody listens to it
WITHOUT_REDIS = ["manage.py", "run_due_tasks", "--every=5"]
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 60  # seconds before it is started again


class Worker:
    """Mails can wait, sales cannot: it starts after the shop, and is started again if it dies."""

    def __init__(self, lock: FileLock, folder: Path, say: Callable[[str], object], *, redis: bool) -> None:
        self._command = [sys.executable, *(CELERY + ALONE if redis else WITHOUT_REDIS)]
        self._lock, self._folder, self._say = lock, folder, say
        self._child: TiedProcess | None = None
        self._start_at, self._pause = 0.0, SHORTEST_PAUSE

    def keep_alive(self) -> None:
        """Call it often: it starts the worker, says when that has ended, and starts it after a pause."""
        if self._child and self._child.ended():
            self._bury(self._child)
        if not self._child and time.monotonic() >= self._start_at:
            self._child = TiedProcess(self._command, self._lock, self._folder, PYTHONUNBUFFERED="1")
            self._start_at = time.monotonic()

    def begin_stop(self) -> None:
        if self._child:
            self._child.begin_stop()

    def stop(self, patience: float) -> None:
        if self._child:
            self._child.stop(patience)

    def _bury(self, child: TiedProcess) -> None:
        """The pauses grow, unless it had worked for a while."""
        child.stop(patience=0)  # ends what it left behind
        worked, now = time.monotonic() - self._start_at, time.monotonic()
        pause = SHORTEST_PAUSE if worked > LONGEST_PAUSE else self._pause
        code = child.process.returncode
        self._say(f"The worker ended by itself with exit code {code}; it starts again in {pause} s.")
        self._child, self._start_at, self._pause = None, now + pause, min(pause * 2, LONGEST_PAUSE)
