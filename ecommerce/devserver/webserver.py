"""gunicorn, as a child process of `runshop`."""

import errno
import http.client
import socket
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from ecommerce.core import env
from ecommerce.devserver.child_processes import ChildProcess
from ecommerce.devserver.file_lock import FileLock, wait_until

GRACE = 4  # seconds: gunicorn.conf.py's graceful_timeout


class WebServer(ChildProcess):
    def __init__(self, lock: FileLock, folder: Path, *, reload: bool) -> None:
        environment = {"PYTHONUNBUFFERED": "1", "HOST": env.host()}
        if reload:
            environment["DEV_RELOAD"] = "true"
        super().__init__(_gunicorn_command(folder, reload=reload), lock, folder, **environment)

    def answers(self) -> bool:
        """Return whether it serves. A 4xx will do, since ALLOWED_HOSTS may refuse this very request."""
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(env.host(), env.host())
        connection = http.client.HTTPConnection(address, port(), timeout=2)
        try:
            connection.request("GET", "/health/live", headers={"Host": f"localhost:{port()}"})
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _gunicorn_command(folder: Path, *, reload: bool) -> list[str]:
    """Return the command; gunicorn.conf.py has the other options."""
    command = [sys.executable, "-m", "gunicorn", "ecommerce.wsgi:application"]
    if reload:
        templates = sorted((folder / "templates").rglob("*.*"))
        command += ["--reload", *(f"--reload-extra-file={path}" for path in templates)]
    return command


def refuse_used_port() -> None:
    """Exit with an explanation if the port cannot be used, after the time that a killed shop takes to end."""
    try:
        if wait_until(lambda: not _problem_with_port(), GRACE):
            return
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    other = port() + 1 if 1024 <= port() < 65535 else 8000
    sys.exit(f"Port {port()} {_problem_with_port()}. Choose another one, for example: PORT={other} make run")


def _problem_with_port() -> str:
    try:
        with socket.socket(socket.AF_INET6 if ":" in env.host() else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((env.host(), port()))
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        return "is already in use" if used else f"cannot be opened on {env.host()} ({error.strerror})"
    return ""


def port() -> int:
    return env.integer("PORT", 8000, low=1, high=65535)
