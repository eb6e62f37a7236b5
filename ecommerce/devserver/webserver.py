"""gunicorn, as a child of `runshop`."""

import errno
import http.client
import socket
import sys
from ipaddress import IPv4Address
from pathlib import Path

from ecommerce.core import env
from ecommerce.devserver.child_processes import TiedProcess
from ecommerce.devserver.file_lock import FileLock, wait_until

GRACE = 4  # gunicorn.conf.py's graceful_timeout


def port() -> int:
    return env.integer("PORT", 8000, low=1, high=65535)


def host() -> str:
    """This machine only, unless HOST is an address; some shells export the machine's name as HOST."""
    try:
        return str(IPv4Address(env.text("HOST")))
    except ValueError:
        return "127.0.0.1"


def refuse_used_port() -> None:
    """A shop that was killed a moment ago is given time to let go of it."""
    if not wait_until(lambda: not problem_with_port(), GRACE):
        other = port() + 1 if 1024 <= port() < 65535 else 8000
        sys.exit(
            f"Port {port()} {problem_with_port()}. Choose another one, for example: PORT={other} make run"
        )


def problem_with_port() -> str:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host(), port()))
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        return "is already in use" if used else f"cannot be opened on {host()} ({error.strerror})"
    return ""


class WebServer(TiedProcess):
    def __init__(self, lock: FileLock, folder: Path, *, reload: bool) -> None:
        environment = {"PYTHONUNBUFFERED": "1", "HOST": host()} | ({"DEV_RELOAD": "true"} if reload else {})
        super().__init__(gunicorn(folder if reload else None), lock, folder, **environment)

    def answers(self) -> bool:
        """Any answer but a server error will do: a production host list refuses this very request."""
        connection = http.client.HTTPConnection(own_address(), port(), timeout=2)
        try:
            connection.request("GET", "/health/live", headers={"Host": f"localhost:{port()}"})
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def own_address() -> str:
    return "127.0.0.1" if host() == "0.0.0.0" else host()


def gunicorn(watched: Path | None) -> list[str]:
    """gunicorn.conf.py has the rest."""
    command = [sys.executable, "-m", "gunicorn", "ecommerce.wsgi:application"]
    if watched:
        templates = sorted((watched / "templates").rglob("*.*"))
        command += ["--reload", *(f"--reload-extra-file={path}" for path in templates)]
    return command
