"""The background worker, as a child process of `runshop`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.file_lock import FileLock

CELERY = ["-m", "celery", "--quiet", "--app=ecommerce", "worker", "--beat", "--concurrency=2"]
WITHOUT_PEERS = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
WITHOUT_REDIS = ["manage.py", "run_due_tasks", "--every=5"]
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 60  # seconds before a restart


class Worker:
    """Starts the worker once the shop answers, since mails can wait, and restarts it whenever it ends."""

    def __init__(self, lock: FileLock, folder: Path, say: Callable[[str], object], *, redis: bool) -> None:
        self._command = [sys.executable, *(CELERY + WITHOUT_PEERS if redis else WITHOUT_REDIS)]
        self._lock, self._folder, self._say = lock, folder, say
        self._child: ChildProcess | None = None
        self._started_at = self._start_at = 0.0
        self._pause = SHORTEST_PAUSE

    def keep_alive(self) -> None:
        """Start the worker if it is time to. To be called often."""
        if self._child and self._child.has_ended():
            self._schedule_restart(self._child)
        if not self._child and time.monotonic() >= self._start_at:
            self._child = ChildProcess(self._command, self._lock, self._folder, PYTHONUNBUFFERED="1")
            self._started_at = time.monotonic()

    def request_stop(self) -> None:
        if self._child:
            self._child.request_stop()

    def stop(self, patience: float) -> None:
        if self._child:
            self._child.stop(patience)

    def _schedule_restart(self, child: ChildProcess) -> None:
        """Say that the worker ended, and restart it after a pause; pauses grow while it ends early."""
        child.stop(patience=0)  # ends the processes that it left behind
        now = time.monotonic()
        if now - self._started_at > LONGEST_PAUSE:
            self._pause = SHORTEST_PAUSE
        code = child.process.returncode
        self._say(f"The worker ended by itself with exit code {code}; it starts again in {self._pause} s.")
        self._child, self._start_at = None, now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
