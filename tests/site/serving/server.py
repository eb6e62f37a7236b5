"""gunicorn with the shop's configuration on a free port, and clients that take their time."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPConnection

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import ROOT, free_port

MOST_CONNECTIONS = 20
OPTIONS = ["--threads=2", f"--worker-connections={MOST_CONNECTIONS}"]
COMMAND = [sys.executable, "-m", "gunicorn", "tests.site.serving.application:application"]
_POST = b"_POST / HTTP/1.1\r\nHost: localhost\r\n"
KINDS = {
    "a head": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a"),
    "the rest of a body": (_POST + b"Content-Length: 60000\r\n\r\n" + b"a" * 20_000, b"a"),
    "a body": (_POST + b"Content-Length: 5000\r\n\r\n", b"a"),
    "a body that no view reads": (_POST + b"Content-Length: 20000000\r\n\r\n", b"a"),
    "a body without length": (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "nothing": (b"", b""),
    "no end of the connection": (b"GET / HTTP/1.0\r\n\r\n", b""),
    "no end of reading": (b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", b""),
}


class Server:
    """Has one process with two threads, and few connections."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        environment = os.environ | {"HOST": "127.0.0.1", "PORT": str(self.port), "WEB_WORKERS": "1"}
        self.process = subprocess.Popen(
            [*COMMAND, *OPTIONS, *options], cwd=ROOT, env=environment, stderr=subprocess.PIPE
        )
        assert wait_until(self.answers, 30)

    def answers(self, within: float = 10) -> bool:
        return answers(self.port, within)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def request_stop(self) -> None:
        self.process.terminate()

    def stop(self) -> str:
        """Stop it and return what it has logged."""
        self.request_stop()
        return self.process.communicate(timeout=20)[1].decode()


def answers(port: int, within: float = 10) -> bool:
    with closing(HTTPConnection("localhost", port, timeout=within)) as connection, suppress(OSError):
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False


def connect(port: int, *, buffer: int = 0) -> socket.socket:
    client = socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(20)
    client.connect(("127.0.0.1", port))
    return client


class SlowClients:
    """Connections that begin alike and then send a byte now and then, and read nothing."""

    def __init__(self, port: int, number: int, first: bytes, then: bytes = b"") -> None:
        self._then, self._ended = then, threading.Event()
        self.sockets = [connect(port, buffer=2048) for _ in range(number)]
        for client in self.sockets:
            client.sendall(first)
            client.settimeout(0.1)
        self._thread = threading.Thread(target=self._send)
        self._thread.start()
        time.sleep(0.1)  # so that gunicorn has seen them all

    def _send(self) -> None:
        while not self._ended.wait(0.05):
            for client in self.sockets:
                with suppress(OSError):
                    client.send(self._then)

    def __enter__(self) -> "SlowClients":
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        for client in self.sockets:
            client.close()
