"""The embedded servers that a management command needs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from os import environ

from django.core.exceptions import ImproperlyConfigured

from ecommerce.core import env
from ecommerce.devserver.embedded.service import BASE_DIR, MONGODB, VALKEY, Lease, ServerFailed, Service
from ecommerce.devserver.webserver import refuse_used_port

NEED_NO_SERVER = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "sendtestemail",
    "spectacular",
    "startapp",
    "startproject",
    "version",
}
leases: list[Lease] = []  # of the servers that this process uses


@contextmanager
def servers_for(arguments: list[str]) -> Iterator[None]:
    """Run the servers that the command lacks while the block runs, and name them in the environment.

    Must be entered before the settings are read. Exits with an explanation where that is not possible.
    """
    is_server = arguments[:1] == ["runshop"]
    try:
        if is_server:
            refuse_used_port()
        missing = missing_services() if needs_servers(arguments) else []
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    with embedded(missing, say=partial(print, flush=True) if is_server else print_to_stderr):
        yield


def needs_servers(arguments: list[str]) -> bool:
    command = arguments[0] if arguments else "help"
    if command.startswith("-") or command in NEED_NO_SERVER:
        return False
    return not {"-h", "--help", "--version"} & set(arguments)


def missing_services() -> list[Service]:
    """Return the services whose address the environment does not name: in production none."""
    if env.text("APP_ENV").lower() == "production":
        return []
    wanted = [MONGODB, VALKEY] if env.flag("REDIS_ENABLED", default=True) else [MONGODB]
    return [service for service in wanted if not env.text(service.variable)]


@contextmanager
def embedded(services: list[Service], say: Callable[[str], None]) -> Iterator[None]:
    """Use these servers while the block runs, and name them in the environment."""
    with ExitStack() as stack:
        for service in services:
            try:
                lease = Lease(service, env.data_dir(BASE_DIR), say)
                stack.callback(lease.release)
                lease.take()
            except ServerFailed as error:
                sys.exit(str(error))
            except OSError as error:
                sys.exit(f"DATA_DIR cannot be used: {error}")
            environ[service.variable] = lease.uri
            leases.append(lease)
        yield


def print_to_stderr(line: str) -> None:
    """Print what is no output of the command, which may go to a pipe."""
    print(line, file=sys.stderr, flush=True)
