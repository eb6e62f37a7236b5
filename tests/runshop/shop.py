"""A shop in processes of its own, and those of them that are left when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ecommerce.devserver.file_lock import wait_until

ROOT = Path(__file__).resolve().parents[2]
RUNSHOP = [sys.executable, "manage.py", "runshop"]
PROMISED_SECONDS = 10  # to stop, and to start again
LAST_LINE = "Sign in"
CELERY, CELERY_PROCESSES = "-m celery", 4  # the worker, its two children and beat


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return the environment of a fresh checkout. An empty variable counts as not set and overrides .env."""
    unset = dict.fromkeys(("MONGODB_URI", "REDIS_URL", "REDIS_ENABLED", "APP_ENV", "HOST"), "")
    unset |= dict.fromkeys(("DEFAULT_ADMIN_EMAIL", "DEFAULT_ADMIN_PASSWORD"), "")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return inherited | unset | {"DATA_DIR": str(data_dir)} | more


def manage(data_dir: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(data_dir, **more),
        capture_output=True,
        text=True,
        timeout=60,
    )


def python(data_dir: Path, code: str) -> subprocess.CompletedProcess[str]:
    return manage(data_dir, "shell", "--no-imports", "--command", code)


class Processes:
    """A process and all processes that it has started, from the list of the operating system."""

    def __init__(self, root: int) -> None:
        rows = [line.split() for line in list_processes("pid=,ppid=")]
        family = {root}
        while more := {int(pid) for pid, parent in rows if int(parent) in family} - family:
            family |= more
        self.pids = family

    def left(self) -> set[int]:
        """Return those that still run."""
        alive = {int(pid) for pid, state in map(str.split, list_processes("pid=,stat=")) if state[0] != "Z"}
        return self.pids & alive

    def gone_within(self, seconds: float) -> bool:
        return wait_until(lambda: not self.left(), seconds)


def list_processes(columns: str) -> list[str]:
    """Return these columns of `ps`, a line for each process."""
    return subprocess.run(["ps", "-axwwo", columns], capture_output=True, text=True).stdout.splitlines()


class Shop:
    """A started `make run` or `runshop`."""

    def __init__(self, data_dir: Path, command: list[str] = RUNSHOP, port: int = 0, **more: str) -> None:
        self.data_dir, self.port, self.output_file = data_dir, port or free_port(), data_dir / "output.txt"
        self.started = time.monotonic()
        with self.output_file.open("w") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(data_dir, PORT=str(self.port), **more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes = Processes(self.process.pid)

    def wait(self) -> None:
        """Wait until the shop is open or has ended."""
        wait_until(lambda: LAST_LINE in self.output() or self.process.poll() is not None, 60)
        self.seconds_to_start = time.monotonic() - self.started
        self.processes = Processes(self.process.pid)

    def output(self) -> str:
        return self.output_file.read_text()

    def is_open(self) -> bool:
        with suppress(URLError):
            return bool(urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=5).status == 200)
        return False

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped_within(self, seconds: float) -> bool:
        """Return whether all of its processes end in time; `process` has the exit code afterwards."""
        deadline = time.monotonic() + seconds
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.processes.gone_within(deadline - time.monotonic())

    def find(self, words: str) -> int:
        """Return the pid of its process that has these words on its command line."""
        rows = (line.split(None, 1) for line in list_processes("pid=,command="))
        return next(int(pid) for pid, command in rows if int(pid) in self.processes.pids and words in command)

    def workers(self) -> set[int]:
        """Return Celery's processes, and the watcher that ends them; `processes` has them all afterwards."""
        self.processes = Processes(self.process.pid)
        with suppress(StopIteration):
            return Processes(self.find(CELERY)).left()
        return set()

    def has_all_workers(self) -> bool:
        return len(self.workers()) > CELERY_PROCESSES

    def clean_up(self) -> None:
        for pid in self.processes.left() | Processes(self.process.pid).left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


Start = Callable[..., Shop]
