"""`make run` and `manage.py runshop`, with real processes."""

import signal
import socket
from pathlib import Path

import pytest
from django.test import override_settings

from ecommerce.devserver.management.commands.runshop import sign_in
from tests.runshop.shop import PROMISED, Shop, Start, manage, python

REMEMBER = "from django.db import connection as c; c.get_collection('notes').insert_one({'_id': 'kept'})"
RECALL = "from django.db import connection as c; print(c.get_collection('notes').find_one())"
ADDRESS = "from os import environ; print(environ['MONGODB_URI'], environ['REDIS_URL'])"


def test_it_serves_and_says_where(running_shop: Shop) -> None:
    assert running_shop.open()
    lines = [" ".join(line.split()) for line in running_shop.said().splitlines()]
    at = lines.index("The shop is open (Ctrl-C stops it):")
    assert lines[at + 1 : at + 5] == [
        f"Shop http://localhost:{running_shop.port}/",
        f"API docs http://localhost:{running_shop.port}/docs",
        f"Admin http://localhost:{running_shop.port}/admin/",
        "Sign in admin@example.com / admin123",
    ]


def test_commands_find_the_servers_of_a_running_shop(running_shop: Shop) -> None:
    first, second = (python(running_shop.data_dir, ADDRESS) for _ in range(2))
    assert first.stdout == second.stdout != ""
    assert first.stderr == ""  # nothing was started
    assert running_shop.open()


def test_a_second_start_is_fast_and_keeps_the_data(used_data_dir: Path, start: Start) -> None:
    first = start(used_data_dir)
    assert python(used_data_dir, REMEMBER).returncode == 0
    first.send(signal.SIGTERM)
    assert first.stopped_within(PROMISED)
    assert first.process.returncode == 0
    second = start(used_data_dir)
    assert second.open()
    assert second.seconds_to_start < 3 * PROMISED  # on a busy machine; a quiet one takes 3 s
    assert "kept" in python(used_data_dir, RECALL).stdout


def test_a_used_port_is_refused_by_name_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = manage(tmp_path, "runshop", PORT=str(port))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} is already in use. Choose another one")
    assert not (tmp_path / "run").exists()


def test_a_port_that_is_no_number_is_refused_by_name(tmp_path: Path) -> None:
    refused = manage(tmp_path, "runshop", PORT="eight")
    assert refused.returncode == 1
    assert refused.stderr == "PORT must be a whole number from 1 to 65535.\n"


def test_a_host_that_is_no_address_is_not_listened_on(used_data_dir: Path, start: Start) -> None:
    """Some shells export the name of the machine as HOST."""
    assert start(used_data_dir, HOST="no-such-machine").open()


@pytest.mark.parametrize(
    ("app_env", "password", "printed"),
    [("dev", "admin123", True), ("dev", "horse", False), ("production", "admin123", False)],
)
def test_only_the_published_password_is_printed(app_env: str, password: str, printed: bool) -> None:
    with override_settings(APP_ENV=app_env, DEFAULT_ADMIN_PASSWORD=password):
        assert (password in str(sign_in())) is printed
