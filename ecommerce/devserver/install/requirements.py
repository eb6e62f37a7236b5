"""Creates .venv and installs the pinned requirements unless they are installed. Needs only Python."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
STAMP = VENV / "installed"
UNFINISHED = "unfinished"  # after an interruption pip takes half a package for installed


def main() -> None:
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, exit_on_signal)
    stamp = STAMP.read_text() if STAMP.exists() else ""
    if stamp == fingerprint():
        return
    if stamp == UNFINISHED or not has_pip():
        create()
    print("Installing the pinned requirements into .venv (only when they have changed)", flush=True)
    STAMP.write_text(UNFINISHED)
    pip_install("-r", "requirements-dev.txt")
    STAMP.write_text(fingerprint())


def fingerprint() -> str:
    texts = [(ROOT / name).read_bytes() for name in ("requirements.txt", "requirements-dev.txt")]
    return hashlib.sha256(b"\0".join([sys.version.encode(), *texts])).hexdigest()


def has_pip() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def create() -> None:
    print("Creating .venv", flush=True)
    # By the interpreter behind this one: .venv cannot be cleared by its own.
    base = str(getattr(sys, "_base_executable", sys.executable))
    run(base, "-m", "venv", "--clear", "--without-pip", str(VENV))
    STAMP.write_text(UNFINISHED)
    run(PYTHON, "-m", "ensurepip", "--default-pip", output=subprocess.DEVNULL)


def pip_install(*what: str) -> None:
    run(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", *what)


def run(*command: str, output: int | None = None) -> None:
    """Run a command in its own process group, and kill the whole group if this program is stopped."""
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True
    )
    try:
        if code := child.wait():
            sys.exit(f"This failed with exit code {code}: {' '.join(command)}")
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def exit_on_signal(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
