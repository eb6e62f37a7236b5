"""Management commands without a running shop, which start the servers that they need."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecommerce.devserver.embedded.command_line import missing_services, needs_servers
from ecommerce.devserver.embedded.service import MONGODB, VALKEY, Files
from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import ROOT, environment, manage, python

pytestmark = pytest.mark.kills

WAIT_FOR_LINE = """
import sys
from django.db import connection
print(connection.settings_dict["HOST"], flush=True)
sys.stdin.readline()
print(connection.get_collection("notes").count_documents({}))
"""


def no_server_runs(data_dir: Path) -> bool:
    return not any(Files(data_dir, service.name).has_server() for service in (MONGODB, VALKEY))


def test_a_command_starts_servers_and_ends_them(tmp_path: Path) -> None:
    result = python(tmp_path, "print('piped')")
    assert result.stdout == "piped\n"
    assert "Starting MongoDB" in result.stderr
    assert no_server_runs(tmp_path)


def test_a_data_dir_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = manage(tmp_path / "file", "fsck")
    assert result.returncode == 1
    assert result.stderr.startswith("DATA_DIR cannot be used: ")


COUNT = (
    "from accounts.models import User; from catalog.models import Product; "
    "print(User.objects.count(), Product.objects.count())"
)


def test_nothing_is_written_before_the_database_is_prepared(tmp_path: Path) -> None:
    """Rows written before would keep the first start from migrating."""
    for command in (
        ["create_admin", "boss@example.com"],
        ["import_products", "catalog/samples/products.csv"],
    ):
        result = manage(tmp_path, *command, ADMIN_PASSWORD="SecurePass123")
        assert result.returncode == 1
        assert "The database is not prepared" in result.stderr
    assert python(tmp_path, COUNT).stdout == "0 0\n"


def waiting_command(data_dir: Path) -> "subprocess.Popen[str]":
    """Start a command that uses the database until it reads a line."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", WAIT_FOR_LINE]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment(data_dir), stdin=pipe, stdout=pipe, text=True)


def test_concurrent_commands_share_servers_until_the_last_one_ends(tmp_path: Path) -> None:
    with waiting_command(tmp_path) as first, waiting_command(tmp_path) as second:
        assert first.stdout
        assert second.stdout
        assert first.stdout.readline() == second.stdout.readline() != ""
        assert first.communicate("\n", timeout=30)[0] == "0\n"
        assert not no_server_runs(tmp_path)
        assert second.communicate("\n", timeout=30)[0] == "0\n"
    assert no_server_runs(tmp_path)


def test_a_killed_command_leaves_no_server_behind(tmp_path: Path) -> None:
    with waiting_command(tmp_path) as command:
        assert command.stdout
        command.stdout.readline()
        command.kill()
    assert wait_until(lambda: no_server_runs(tmp_path), 10)


@pytest.mark.parametrize(
    "arguments",
    ["", "help", "--version", "check", "collectstatic --noinput", "spectacular --file x", "fsck --help"],
)
def test_commands_without_a_database_need_no_servers(arguments: str) -> None:
    assert not needs_servers(arguments.split())


@pytest.mark.parametrize("arguments", ["fsck", "migrate", "shell -c 1", "runshop --reload"])
def test_commands_with_a_database_need_servers(arguments: str) -> None:
    assert needs_servers(arguments.split())


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, [MONGODB, VALKEY]),
        ({"MONGODB_URI": "mongodb://elsewhere"}, [VALKEY]),
        ({"REDIS_URL": "redis://elsewhere"}, [MONGODB]),
        ({"MONGODB_URI": "  ", "REDIS_ENABLED": "false"}, [MONGODB]),
        ({"MONGODB_URI": "mongodb://elsewhere", "REDIS_ENABLED": "false"}, []),
        ({"APP_ENV": "production"}, []),
    ],
)
def test_only_services_without_an_address_are_embedded(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], missing: list[object]
) -> None:
    for name in ("MONGODB_URI", "REDIS_URL", "REDIS_ENABLED", "APP_ENV"):
        monkeypatch.setenv(name, variables.get(name, ""))
    assert missing_services() == missing


def test_a_command_without_a_database_starts_no_servers(tmp_path: Path) -> None:
    assert manage(tmp_path, "check").returncode == 0
    assert not (tmp_path / "run").exists()
