"""Servers that stay up between runs: `make test KEEP=1` starts them, and `make test-stop` ends them.

    python -m tests.kept_servers hold FOLDER   # use the servers of this folder until SIGTERM
    python -m tests.kept_servers stop          # end the servers of all folders, and remove their data

An embedded server lives as long as a process uses it, so one process has to use it between the runs.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ecommerce.devserver.embedded.command_line import embedded, missing_services
from ecommerce.devserver.file_lock import FileLock, is_free, wait_until

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ROOT / "var" / "test-servers"
PATIENCE_S = 120


def folder_of(worker: str) -> Path:
    """Return the folder whose servers this process of the tests uses; start a holder if it has none."""
    folder = FOLDERS / worker
    if is_free(folder / "holder.lock"):
        _start_holder(folder)
    return folder


def _start_holder(folder: Path) -> None:
    ready = folder / "holder.pid"
    ready.unlink(missing_ok=True)
    with (folder / "holder.log").open("w") as log:
        subprocess.Popen(
            [sys.executable, "-m", __name__, "hold", str(folder)],
            cwd=ROOT,
            env=os.environ | {"DATA_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if not wait_until(ready.exists, PATIENCE_S):
        sys.exit(f"The servers of the tests did not start; see {folder}/holder.log.")


def hold(folder: Path) -> None:
    """Use the servers until SIGTERM."""
    lock, stop = FileLock(folder / "holder.lock"), threading.Event()
    if not lock.exclusive():
        return
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    with embedded(missing_services(), say=lambda line: None):
        (folder / "holder.pid").write_text(str(os.getpid()))
        stop.wait()


def stop() -> None:
    """End every holder, with which its servers end, and remove the data."""
    for folder in FOLDERS.glob("*"):
        lock = folder / "holder.lock"
        if not is_free(lock):
            os.kill(int((folder / "holder.pid").read_text()), signal.SIGTERM)
            if not wait_until(lambda lock=lock: is_free(lock), PATIENCE_S):
                sys.exit(f"The servers in {folder} do not end.")
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(Path(sys.argv[2]))
    else:
        stop()
