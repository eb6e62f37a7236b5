"""Processes that end with the one that started them, even when that one is killed.

`python -m ecommerce.devserver.child_processes LOCK COMMAND...` becomes COMMAND, so that its pid, its signals
and its exit code are its own, and leaves a forked watcher behind, which ends it once nobody holds LOCK any
more. As a child of the process it ends, the watcher can never hit a recycled pid. PR_SET_PDEATHSIG would be
shorter, but macOS does not have it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ecommerce.devserver.file_lock import FileLock, is_free, wait_until

PATIENCE = 8  # seconds from TERM to KILL


class TiedProcess:
    """A child in a session of its own, so that Ctrl-C in the terminal does not reach it before us."""

    def __init__(self, command: list[str], lock: FileLock, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(lock.path), *command],
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._told = False

    def ended(self) -> bool:
        return self.process.poll() is not None

    def begin_stop(self) -> None:
        """Tell it, once: a second TERM would be a harder one to some programs."""
        if not self._told and not self.ended():
            self.process.terminate()
        self._told = True

    def stop(self, patience: float) -> None:
        """End it and what it started."""
        self.begin_stop()
        wait_until(self.ended, patience)
        with suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError for zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def replace_process(
    command: list[str], *, until: Callable[[], bool], holding: FileLock | None = None
) -> None:
    """Become `command`, which holds the lock, and is ended once `until` is true. Does not return."""
    watched = os.getpid()
    if holding:
        os.set_inheritable(holding.fileno(), True)
    if os.fork() == 0:
        if holding:
            holding.close()  # only the watcher's copy: the lock stays with the command
        watch(watched, until)
        os._exit(0)
    os.execv(command[0], command)


def watch(pid: int, until: Callable[[], bool]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ended() -> bool:
        return os.getppid() != pid

    while not ended() and not until():
        time.sleep(0.1)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not ended():
            os.kill(pid, number)
            wait_until(ended, PATIENCE)


if __name__ == "__main__":
    lock = Path(sys.argv[1])
    replace_process(sys.argv[2:], until=lambda: is_free(lock))
