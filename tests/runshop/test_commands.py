"""Management commands without a shop: they start servers for themselves where they need them."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecommerce.devserver.embedded.command_line import missing_services, needs_servers
from ecommerce.devserver.embedded.service import MONGODB, VALKEY, Files
from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import ROOT, environment, manage, python

STAY = """
import sys
from django.db import connection
print(connection.settings_dict["HOST"], flush=True)
sys.stdin.readline()
print(connection.get_collection("notes").count_documents({}))
"""


def nothing_runs(data_dir: Path) -> bool:
    return not any(Files(data_dir, service.name).has_server() for service in (MONGODB, VALKEY))


def test_a_command_starts_servers_for_its_own_duration(tmp_path: Path) -> None:
    done = python(tmp_path, "print('piped')")
    assert done.stdout == "piped\n"
    assert "Starting MongoDB" in done.stderr
    assert nothing_runs(tmp_path)


def test_a_data_dir_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = manage(tmp_path / "file", "fsck")
    assert refused.returncode == 1
    assert refused.stderr.startswith("DATA_DIR cannot be used: ")


COUNT = "from accounts.models import User; print(User.objects.count())"


@pytest.mark.parametrize(
    "command", [("create_admin", "boss@example.com"), ("import_products", "catalog/samples/products.csv")]
)
def test_nothing_is_written_before_the_database_is_prepared(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Rows that are there already would keep the first start from migrating."""
    refused = manage(tmp_path, *command, ADMIN_PASSWORD="SecurePass123")
    assert refused.returncode == 1
    assert "The database is not prepared" in refused.stderr
    assert python(tmp_path, COUNT).stdout == "0\n"


def staying(data_dir: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", STAY]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment(data_dir), stdin=pipe, stdout=pipe, text=True)


def test_two_commands_at_once_share_servers_until_the_last_has_ended(tmp_path: Path) -> None:
    with staying(tmp_path) as first, staying(tmp_path) as second:
        assert first.stdout
        assert second.stdout
        assert first.stdout.readline() == second.stdout.readline() != ""
        assert first.communicate("\n", timeout=30)[0] == "0\n"
        assert not nothing_runs(tmp_path)
        assert second.communicate("\n", timeout=30)[0] == "0\n"
    assert nothing_runs(tmp_path)


def test_a_killed_command_leaves_nothing(tmp_path: Path) -> None:
    with staying(tmp_path) as command:
        assert command.stdout
        command.stdout.readline()
        command.kill()
    assert wait_until(lambda: nothing_runs(tmp_path), 10)


@pytest.mark.parametrize(
    "arguments",
    ["", "help", "--version", "check", "collectstatic --noinput", "spectacular --file x", "fsck --help"],
)
def test_what_needs_no_database_starts_nothing(arguments: str) -> None:
    assert not needs_servers(arguments.split())


@pytest.mark.parametrize("arguments", ["fsck", "migrate", "shell -c 1", "runshop --reload"])
def test_what_needs_the_database_gets_servers(arguments: str) -> None:
    assert needs_servers(arguments.split())


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, [MONGODB, VALKEY]),
        ({"MONGODB_URI": "mongodb://elsewhere"}, [VALKEY]),
        ({"REDIS_URL": "redis://elsewhere"}, [MONGODB]),
        ({"MONGODB_URI": "  ", "REDIS_ENABLED": "false"}, [MONGODB]),
        ({"MONGODB_URI": "mongodb://elsewhere", "REDIS_ENABLED": "false"}, []),
        ({"APP_ENV": "production"}, []),
    ],
)
def test_only_what_has_no_address_is_embedded(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: list[object]
) -> None:
    for name in ("MONGODB_URI", "REDIS_URL", "REDIS_ENABLED", "APP_ENV"):
        monkeypatch.setenv(name, given.get(name, ""))
    assert missing_services() == missing


def test_such_a_command_really_runs_without(tmp_path: Path) -> None:
    assert manage(tmp_path, "check").returncode == 0
    assert not (tmp_path / "run").exists()
