"""Collecting static files takes half a minute, so it is done only when what goes in has changed."""

import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError

from ecommerce.devserver.child_processes import TiedProcess
from ecommerce.devserver.file_lock import FileLock, wait_until

WAITING = 120  # seconds for another process that collects into the same folder


@contextmanager
def collected_static_files(lock: FileLock) -> Iterator[None]:
    """Collect beside the block, which needs no static files, and be done when it is left."""
    stamp, inputs = Path(settings.STATIC_ROOT) / ".inputs", inputs_hash()
    with closing(FileLock(stamp.with_name(".lock"))) as folder:
        if not wait_until(folder.exclusive, WAITING):
            raise CommandError("Another process is still collecting the static files.")
        if stamp.exists() and stamp.read_text() == inputs:
            yield
        else:
            stamp.unlink(missing_ok=True)
            yield from collecting(lock)
            stamp.write_text(inputs)


def collecting(lock: FileLock) -> Iterator[None]:
    print("Collecting the static files (only when they have changed)", flush=True)
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    child = TiedProcess(command, lock, settings.BASE_DIR)
    try:
        yield
        if child.process.wait() != 0:
            raise CommandError("The static files could not be collected.")
    finally:
        child.stop(patience=0)


def inputs_hash() -> str:
    """Over the shop's own files; requirements.txt stands for those of the packages."""
    digest = hashlib.sha256(repr(settings.STORAGES).encode())
    for path in sorted(input_files()):
        digest.update(f"{path.relative_to(settings.BASE_DIR)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def input_files() -> Iterator[Path]:
    yield settings.BASE_DIR / "requirements.txt"
    packages = Path(sysconfig.get_path("purelib"))
    for folder in {settings.BASE_DIR, *(Path(app.path) for app in apps.get_app_configs())}:
        if folder.is_relative_to(settings.BASE_DIR) and not folder.is_relative_to(packages):
            yield from (path for path in (folder / "static").rglob("*") if path.is_file())
