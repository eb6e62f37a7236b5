"""Which command needs which embedded server."""

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
leases: list[Lease] = []  # what this process uses


@contextmanager
def servers_for(arguments: list[str]) -> Iterator[None]:
    """Give the command its servers, through the environment; call it before the settings are read."""
    try:
        if serving := arguments[:1] == ["runshop"]:
            refuse_used_port()
        missing = missing_services() if needs_servers(arguments) else []
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    with embedded(missing, say=partial(print, flush=True) if serving else report):
        yield


def needs_servers(arguments: list[str]) -> bool:
    command = arguments[0] if arguments else "help"
    if command.startswith("-") or command in NEED_NO_SERVER:
        return False
    return not {"-h", "--help", "--version"} & set(arguments)


def missing_services() -> list[Service]:
    """The services whose address is not given. Production never embeds one."""
    if env.text("APP_ENV").lower() == "production":
        return []
    wanted = [MONGODB, VALKEY] if env.flag("REDIS_ENABLED", default=True) else [MONGODB]
    return [service for service in wanted if not env.text(service.variable)]


@contextmanager
def embedded(services: list[Service], say: Callable[[str], None]) -> Iterator[None]:
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


def report(line: str) -> None:
    """To stderr: a command's output may be piped somewhere."""
    print(line, file=sys.stderr, flush=True)
