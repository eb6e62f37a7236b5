"""The build of the static files. It takes half a minute, so it runs only when its inputs have changed."""

import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError

from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.file_lock import FileLock, wait_until

WAITING = 120  # seconds for another process that builds into the same folder


@contextmanager
def static_files_built(lock: FileLock) -> Iterator[None]:
    """Build the static files while the block runs, which must not need them; they are complete at its end.

    Raises CommandError if they cannot be built.
    """
    stamp, inputs = Path(settings.STATIC_ROOT) / ".inputs", _hash_of_inputs()
    with closing(FileLock(stamp.with_name(".lock"))) as folder:
        if not wait_until(folder.exclusive, WAITING):
            raise CommandError("Another process is still collecting the static files.")
        if stamp.exists() and stamp.read_text() == inputs:
            yield
        else:
            stamp.unlink(missing_ok=True)
            with _running_collectstatic(lock):
                yield
            stamp.write_text(inputs)


@contextmanager
def _running_collectstatic(lock: FileLock) -> Iterator[None]:
    print("Collecting the static files (only when they have changed)", flush=True)
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    child = ChildProcess(command, lock, settings.BASE_DIR)
    try:
        yield
        if child.process.wait() != 0:
            raise CommandError("The static files could not be collected.")
    finally:
        child.stop(patience=0)


def _hash_of_inputs() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES).encode())
    for path in sorted(_input_files()):
        digest.update(f"{path.relative_to(settings.BASE_DIR)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _input_files() -> Iterator[Path]:
    """Yield the shop's own static files, and requirements.txt in place of those of the packages."""
    yield settings.BASE_DIR / "requirements.txt"
    packages = Path(sysconfig.get_path("purelib"))
    for folder in {settings.BASE_DIR, *(Path(app.path) for app in apps.get_app_configs())}:
        if folder.is_relative_to(settings.BASE_DIR) and not folder.is_relative_to(packages):
            yield from (path for path in (folder / "static").rglob("*") if path.is_file())
