"""A shop in processes of its own, and what is left of it."""

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
PROMISED = 10  # seconds to stop, and to start again
LAST_LINE = "Sign in"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """As in a fresh checkout: an empty variable counts as not set, and keeps one in .env from being read."""
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
    """Those that a process started, from the system's list: nothing that the shop says about itself."""

    def __init__(self, root: int) -> None:
        rows = [line.split() for line in listed("pid=,ppid=")]
        family = {root}
        while more := {int(pid) for pid, parent in rows if int(parent) in family} - family:
            family |= more
        self.pids = family

    def left(self) -> set[int]:
        alive = {int(pid) for pid, state in map(str.split, listed("pid=,stat=")) if state[0] != "Z"}
        return self.pids & alive

    def gone_within(self, seconds: float) -> bool:
        return wait_until(lambda: not self.left(), seconds)


def listed(columns: str) -> list[str]:
    return subprocess.run(["ps", "-axwwo", columns], capture_output=True, text=True).stdout.splitlines()


class Shop:
    def __init__(self, data_dir: Path, command: list[str] = RUNSHOP, port: int = 0, **more: str) -> None:
        self.data_dir, self.port, self.output = data_dir, port or free_port(), data_dir / "output.txt"
        self.started = time.monotonic()
        with self.output.open("w") as output:
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
        """Until it is open, or has given up."""
        wait_until(lambda: LAST_LINE in self.said() or self.process.poll() is not None, 60)
        self.seconds_to_start = time.monotonic() - self.started
        self.processes = Processes(self.process.pid)

    def said(self) -> str:
        return self.output.read_text()

    def open(self) -> bool:
        with suppress(URLError):
            return bool(urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=5).status == 200)
        return False

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped_within(self, seconds: float) -> bool:
        """All of it; the exit code is there afterwards."""
        deadline = time.monotonic() + seconds
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.processes.gone_within(deadline - time.monotonic())

    def find(self, words: str) -> int:
        """The pid of its process that has these words on its command line."""
        rows = (line.split(None, 1) for line in listed("pid=,command="))
        return next(int(pid) for pid, command in rows if int(pid) in self.processes.pids and words in command)

    def clean_up(self) -> None:
        for pid in self.processes.left() | Processes(self.process.pid).left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


Start = Callable[..., Shop]
