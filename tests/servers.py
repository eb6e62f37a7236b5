"""Start the servers that the tests run on, unless MONGODB_URI and REDIS_URL name others.

`pytest -n 2` runs them in two processes, each with servers of its own.

A plugin loaded with `-p`, not a conftest: pytest-django reads the settings before any conftest is.
"""

import os
import signal
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from types import FrameType

import pytest

from ecommerce.devserver.embedded.command_line import embedded, missing_services


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    options = early_config.known_args_namespace
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    if options.help or options.version or (options.numprocesses and not in_worker):
        return  # the workers have servers of their own
    if in_worker and not missing_services():
        raise pytest.UsageError("On given servers the tests run in one process: -n 0.")
    signal.signal(signal.SIGTERM, terminate)
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    os.environ["DATA_DIR"] = stack.enter_context(TemporaryDirectory(prefix="shop-tests-"))
    stack.enter_context(embedded(missing_services(), say=lambda line: None))


def terminate(number: int, frame: FrameType | None) -> None:
    """In order, so that nothing is left behind in the temporary directory."""
    pytest.exit("SIGTERM", returncode=128 + number)
