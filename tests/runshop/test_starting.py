"""The start of a shop, with real processes."""

import signal
import socket
from pathlib import Path

import pytest
from django.test import override_settings

from ecommerce.devserver.management.commands.runshop import sign_in
from tests.runshop.shop import PROMISED_SECONDS, Shop, Start, manage, python

INSERT_NOTE = "from django.db import connection as c; c.get_collection('notes').insert_one({'_id': 'kept'})"
READ_NOTE = "from django.db import connection as c; print(c.get_collection('notes').find_one())"
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


def test_commands_use_the_servers_of_a_running_shop(running_shop: Shop) -> None:
    first, second = (python(running_shop.data_dir, PRINT_ADDRESSES) for _ in range(2))
    assert first.stdout == second.stdout != ""
    assert first.stderr == ""  # no server was started
    assert running_shop.is_open()


def test_a_second_start_is_fast_and_keeps_the_data(used_data_dir: Path, start: Start) -> None:
    first = start(used_data_dir)
    assert python(used_data_dir, INSERT_NOTE).returncode == 0
    first.send(signal.SIGTERM)
    assert first.stopped_within(PROMISED_SECONDS)
    assert first.process.returncode == 0
    second = start(used_data_dir)
    assert second.is_open()
    assert second.seconds_to_start < 3 * PROMISED_SECONDS  # on a busy machine; a quiet one takes 3 s
    assert "kept" in python(used_data_dir, READ_NOTE).stdout


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


def test_a_host_that_is_not_an_address_is_ignored(used_data_dir: Path, start: Start) -> None:
    """Some shells export the name of the machine as HOST."""
    assert start(used_data_dir, HOST="no-such-machine").is_open()


@pytest.mark.parametrize(
    ("app_env", "password", "printed"),
    [("dev", "admin123", True), ("dev", "horse", False), ("production", "admin123", False)],
)
def test_only_the_published_password_is_printed(app_env: str, password: str, printed: bool) -> None:
    with override_settings(APP_ENV=app_env, DEFAULT_ADMIN_PASSWORD=password):
        assert (password in str(sign_in())) is printed
