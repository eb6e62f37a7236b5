"""Child processes that end with their parent, even when the parent is killed.

`python -m ecommerce.devserver.child_processes LOCK COMMAND...` replaces itself by COMMAND, so that the pid,
the signals and the exit code are the command's own. It leaves a forked watcher behind, which ends the command
once the parent no longer holds LOCK. The watcher is a child of the process that it ends, so it can never hit
a recycled pid. PR_SET_PDEATHSIG would be shorter, but macOS does not have it.
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

TERM_TO_KILL = 8  # seconds


class ChildProcess:
    """A command that ends with this process, which holds the lock.

    It has a session of its own, so that Ctrl-C in the terminal does not reach it before this process.
    """

    def __init__(self, command: list[str], lock: FileLock, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(lock.path), *command],
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stop_requested = False

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def request_stop(self) -> None:
        """Send TERM, once: some programs take a second one for an order to stop at once."""
        if not self._stop_requested and not self.has_ended():
            self.process.terminate()
        self._stop_requested = True

    def stop(self, patience: float) -> None:
        """End the command and the processes that it started; kill them after so many seconds."""
        self.request_stop()
        wait_until(self.has_ended, patience)
        with suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError for zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def replace_process(
    command: list[str], *, until: Callable[[], bool], holding: FileLock | None = None
) -> None:
    """Replace this process by the command, which inherits the lock and ends once `until` returns True.

    Does not return.
    """
    pid = os.getpid()
    if holding:
        os.set_inheritable(holding.fileno(), True)
    if os.fork() == 0:
        if holding:
            holding.close()  # the watcher's copy: the lock stays with the command
        _watch_parent(pid, until)
        os._exit(0)
    os.execv(command[0], command)


def _watch_parent(pid: int, until: Callable[[], bool]) -> None:
    """End the parent process once `until` returns True."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def parent_has_ended() -> bool:
        return os.getppid() != pid

    while not parent_has_ended() and not until():
        time.sleep(0.1)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not parent_has_ended():
            os.kill(pid, number)
            wait_until(parent_has_ended, TERM_TO_KILL)


if __name__ == "__main__":
    lock_path = Path(sys.argv[1])
    replace_process(sys.argv[2:], until=lambda: is_free(lock_path))
