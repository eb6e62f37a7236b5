"""The start of a shop, with real processes."""

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.test import override_settings

from ecommerce.devserver.management.commands.runshop import sign_in
from tests.runshop.shop import Shop, manage, python
from tests.site.serving.server import KINDS, SlowClients

pytestmark = pytest.mark.kills

PRINT_ADDRESSES = "from os import environ; print(environ['MONGODB_URI'], environ['REDIS_URL'])"


def test_a_shop_serves_and_prints_its_addresses(running_shop: Shop) -> None:
    assert running_shop.is_open()
    lines = [" ".join(line.split()) for line in running_shop.output().splitlines()]
    at = lines.index("The shop is open (Ctrl-C stops it):")
    assert lines[at + 1 : at + 5] == [
        f"Shop http://localhost:{running_shop.port}/",
        f"API docs http://localhost:{running_shop.port}/docs",
        f"Admin http://localhost:{running_shop.port}/admin/",
        "Sign in admin@example.com / admin123",
    ]


def test_slow_clients_stop_nobody(running_shop: Shop) -> None:
    """Which kinds there are, and that each stops gunicorn's own worker, is in tests/site/serving/."""
    with (
        SlowClients(running_shop.port, 64, *KINDS["a head"]),
        SlowClients(running_shop.port, 64, *KINDS["a body"]),
    ):
        for path in ("health/live", ""):
            assert urlopen(f"http://127.0.0.1:{running_shop.port}/{path}", timeout=10).status == 200


def test_commands_use_the_servers_of_a_running_shop(running_shop: Shop) -> None:
    first, second = (python(running_shop.data_dir, PRINT_ADDRESSES) for _ in range(2))
    assert first.stdout == second.stdout != ""
    assert first.stderr == ""  # no server was started
    assert running_shop.is_open()


def test_a_used_port_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = manage(tmp_path, "runshop", PORT=str(port))
    assert result.returncode == 1
    assert result.stderr.startswith(f"Port {port} is already in use. Choose another one")
    assert not (tmp_path / "run").exists()


def test_a_port_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    result = manage(tmp_path, "runshop", PORT="eight")
    assert result.returncode == 1
    assert result.stderr == "PORT must be a whole number from 1 to 65535.\n"


@pytest.mark.parametrize(
    ("app_env", "password", "printed"),
    [("dev", "admin123", True), ("dev", "horse", False), ("production", "admin123", False)],
)
def test_only_the_published_password_is_printed(app_env: str, password: str, printed: bool) -> None:
    with override_settings(APP_ENV=app_env, DEFAULT_ADMIN_PASSWORD=password):
        assert (password in str(sign_in())) is printed
