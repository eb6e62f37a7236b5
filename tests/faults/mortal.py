"""A shop on a database of its own, every process of which may be killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.embedded.service import Files
from ecommerce.devserver.file_lock import FileLock, wait_until
from tests.races.client import Request, send
from tests.races.server import ROOT, Server, environment, free_port
from tests.races.shop import SetupFailed
from tests.runshop.shop import list_processes

PROMISED = 10  # seconds until the shop serves again
WEB_WORKERS = 2
Victim = Literal["web", "due", "database"]
READY = Request("GET", "/health/ready")


class Database:
    """The embedded MongoDB. What a supervisor would do after a kill, `start` does."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, files = folder, free_port(), Files(folder, "mongodb")
        self._used = FileLock(files.users)
        assert self._used.shared()
        self.start()
        assert wait_until(files.address.exists, 30)
        self.uri = json.loads(files.address.read_text())["uri"]

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.mongo_at", str(self._port), str(self._folder)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._used.close()


class MortalShop:
    """Two web workers under gunicorn, which replaces them, and a worker for what is due."""

    def __init__(self, database: Database, settings: str, folder: Path, **more: str) -> None:
        self._database, variables = database, {"MONGODB_URI": database.uri} | more
        self._variables = environment(settings, **variables)
        self.server = Server(settings, folder, **variables)
        self._lock = FileLock(folder / "due.lock")
        assert self._lock.exclusive()
        self._due = self._due_worker()

    def kill(self, what: Victim, chance: random.Random) -> float:
        """The seconds until the shop serves again; it is whole again afterwards."""
        started = time.monotonic()
        if what == "web":
            os.kill(chance.choice(self._web_workers()), signal.SIGKILL)
        elif what == "due":
            self._kill_due()
            self._due = self._due_worker()
        else:
            self._database.kill()
            self._database.start()
        wait_until(self.serves, 3 * PROMISED)
        seconds = time.monotonic() - started
        if not wait_until(self.whole, 6 * PROMISED):
            raise SetupFailed("Not all workers came back.")
        return seconds

    def run_due_tasks(self) -> None:
        self._run("manage.py", "run_due_tasks")

    def check_books(self, *ledger: str) -> None:
        done = self._run("-m", "tests.faults.books", *ledger)
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        self._kill_due()
        self._lock.close()
        self.server.stop()

    def serves(self) -> bool:
        with suppress(OSError, HTTPException):
            return send(self.server.port, READY).status == 200
        return False

    def whole(self) -> bool:
        return len(self._web_workers()) == WEB_WORKERS and self.serves()

    def _web_workers(self) -> list[int]:
        """gunicorn's children, but for the watcher that ends it with the tests."""
        rows = [line.split(None, 2) for line in list_processes("pid=,ppid=,command=")]
        master = str(self.server.process.pid)
        return [int(pid) for pid, parent, words in rows if parent == master and "lib.tied" not in words]

    def _kill_due(self) -> None:
        self._due.kill()
        self._due.wait()

    def _due_worker(self) -> "subprocess.Popen[bytes]":
        """It ends with the tests, even when those are killed."""
        command = [sys.executable, "manage.py", "run_due_tasks", "--every=0.5"]
        return ChildProcess(command, self._lock, ROOT, **self._variables).process

    def _run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self._variables, capture_output=True, text=True
        )
