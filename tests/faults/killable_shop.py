"""A shop on a database of its own, each process of which a test may kill."""

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

from ecommerce.devserver import child_processes
from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.embedded.service import Files
from ecommerce.devserver.file_lock import FileLock, wait_until
from tests.races.client import Request, send
from tests.races.server import ROOT, STARTING_S, Server, environment, free_port
from tests.races.shop import SetupFailed
from tests.runshop.shop import list_processes

RECOVERY_S = 180  # for all processes to be back; a busy machine needs a large part of it
WEB_WORKERS = 2
Victim = Literal["web", "due", "database"]
READY = Request("GET", "/health/ready")


class Database:
    """The embedded MongoDB, which listens on the same port again after a kill."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, files = folder, free_port(), Files(folder, "mongodb")
        self._used = FileLock(files.users)
        assert self._used.shared()
        self.start()
        assert wait_until(files.address.exists, STARTING_S)
        self.uri = json.loads(files.address.read_text())["uri"]

    def start(self) -> None:
        """Start the server, as a supervisor would after a kill."""
        command = [sys.executable, "-m", "tests.faults.mongo_on_port", str(self._port), str(self._folder)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(STARTING_S)
        self._used.close()


class KillableShop:
    """Two web workers under gunicorn, which replaces killed ones, and a worker for due tasks."""

    def __init__(self, database: Database, settings: str, folder: Path, **more: str) -> None:
        self._database, variables = database, {"MONGODB_URI": database.uri} | more
        self._variables = environment(settings, **variables)
        self.server = Server(settings, folder, **variables)
        self._lock = FileLock(folder / "due.lock")
        assert self._lock.exclusive()
        self._start_due_worker()

    def kill(self, victim: Victim, chance: random.Random) -> float:
        """Kill a process, wait until all are back, and return the seconds until the shop served again."""
        started = time.monotonic()
        if victim == "web":
            os.kill(chance.choice(self._web_workers()), signal.SIGKILL)
        elif victim == "due":
            self.kill_due_worker()
            self._start_due_worker()
        else:
            self._database.kill()
            self._database.start()
        wait_until(self._serves, RECOVERY_S)
        seconds = time.monotonic() - started
        if not wait_until(self._complete, RECOVERY_S):
            raise SetupFailed("Not all workers came back.")
        return seconds

    def kill_due_worker(self) -> None:
        self._due.kill()
        self._due.wait()

    def run_due_tasks(self) -> None:
        """Run every due task once; what fails is left for the next run."""
        self._run("manage.py", "run_due_tasks")

    def check_data(self, *ledger: str) -> None:
        """Check the stored data, and the money against the provider's ledger if there is one."""
        done = self._run("-m", "tests.faults.check_data", *ledger)
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        self.kill_due_worker()
        self._lock.close()
        self.server.stop()

    def _serves(self) -> bool:
        with suppress(OSError, HTTPException):
            return send(self.server.port, READY).status == 200
        return False

    def _complete(self) -> bool:
        return len(self._web_workers()) == WEB_WORKERS and self._serves()

    def _web_workers(self) -> list[int]:
        """Return gunicorn's children without the watcher that ends gunicorn with the tests."""
        rows = [line.split(None, 2) for line in list_processes("pid=,ppid=,command=")]
        master, watcher = str(self.server.process.pid), child_processes.__name__
        return [int(pid) for pid, parent, command in rows if parent == master and watcher not in command]

    def _start_due_worker(self) -> None:
        """Start a worker that ends with the tests, even when those are killed."""
        command = [sys.executable, "manage.py", "run_due_tasks", "--every=0.5"]
        self._due = ChildProcess(command, self._lock, ROOT, **self._variables).process

    def _run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self._variables, capture_output=True, text=True
        )
