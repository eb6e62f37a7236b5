"""Start the servers that the tests use, unless MONGODB_URI and REDIS_URL name others.

With `pytest -n 2` each of the two processes has servers of its own. With KEEP_SERVERS they stay up for the
next run (`kept_servers`), and so does the database, which each run empties first.

A plugin loaded with `-p`, not a conftest: pytest-django reads the settings before it loads any conftest.
"""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import pytest

from ecommerce.devserver.embedded.command_line import embedded, missing_services
from ecommerce.devserver.file_lock import FileLock
from tests import kept_servers

KEEP = bool(os.environ.get("KEEP_SERVERS"))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    options = early_config.known_args_namespace
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    if options.help or options.version or (options.numprocesses and not in_worker):
        return  # the processes that xdist starts have servers of their own
    if in_worker and not missing_services():
        raise pytest.UsageError("On given servers the tests run in one process: -n 0.")
    signal.signal(signal.SIGTERM, terminate)
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    if KEEP and missing_services():
        os.environ["DATA_DIR"] = str(kept_folder(stack))
    else:
        os.environ["DATA_DIR"] = stack.enter_context(TemporaryDirectory(prefix="shop-tests-"))
    stack.enter_context(embedded(missing_services(), say=lambda line: None))


def kept_folder(stack: ExitStack) -> Path:
    """Return the folder of servers that stay up. Raise UsageError if another run uses them."""
    folder = kept_servers.folder_of(os.environ.get("PYTEST_XDIST_WORKER", "single"))
    lock = FileLock(folder / "tests.lock")
    stack.callback(lock.close)
    if not lock.exclusive():
        raise pytest.UsageError("Another run uses the kept servers. Wait for it, or run without KEEP.")
    return folder


def terminate(number: int, frame: FrameType | None) -> None:
    """End in order on SIGTERM, so that nothing is left behind in the temporary directory."""
    pytest.exit("SIGTERM", returncode=128 + number)
