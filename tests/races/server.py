"""A shop served by real processes."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.file_lock import FileLock, wait_until

ROOT = Path(__file__).resolve().parents[2]
STARTING_S = 180  # far more than a start takes, since the machine may be busy
GUNICORN = [sys.executable, "-m", "gunicorn", "ecommerce.wsgi:application"]  # gunicorn.conf.py has the rest


class Server:
    """Two workers of eight threads each, which end with the tests even when those are killed."""

    def __init__(self, settings: str, folder: Path, **more: str) -> None:
        manage(settings, "prepare", **more)
        self.port = free_port()
        self._lock = FileLock(folder / "lock")
        self._lock.exclusive()
        variables = {"HOST": "127.0.0.1", "PORT": str(self.port), "WEB_WORKERS": "2"} | more
        self._child = ChildProcess(GUNICORN, self._lock, ROOT, **variables, DJANGO_SETTINGS_MODULE=settings)
        self.process = self._child.process
        assert wait_until(self._listens, STARTING_S)

    def stop(self) -> None:
        self._child.stop(patience=6)
        self._lock.close()

    def _listens(self) -> bool:
        """Return whether the socket is open; requests wait there until the workers have started."""
        assert not self._child.has_ended()
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: str, **more: str) -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": settings} | more


def manage(settings: str, *command: str, **more: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(settings, **more),
        check=True,
        timeout=STARTING_S,
    )
