"""The containers' commands, as processes on this machine with the databases of a running shop."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
import yaml

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import ROOT, Processes, Shop, free_port, python
from tests.site.serving.server import answers
from tests.site.serving.test_proxy import caddy
from tests.test_exposure import WITH_SECRETS, default_of

pytestmark = pytest.mark.kills
SERVICE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["shop"]
BIN = Path(sys.executable).parent
COLLECT, BUILD = [sys.executable, "manage.py", "collectstatic"], {"APP_ENV": "dev"}  # as the image is built
PRINT_ADDRESSES = "from os import environ; print(environ['MONGODB_URI'], environ['REDIS_URL'])"


@pytest.fixture(scope="module")
def variables(running_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the shop's container, but for the addresses and folders of this machine."""
    mongodb, redis = python(running_shop.data_dir, PRINT_ADDRESSES).stdout.split()
    data_dir = tmp_path_factory.mktemp("data")
    return {name: default_of(value) for name, value in SERVICE["environment"].items()} | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DATA_DIR": str(data_dir),
        "MEDIA_ROOT": str(data_dir / "media"),
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "PUBLIC_URL": f"http://localhost:{free_port()}",
        "TRUSTED_PROXIES": "127.0.0.1",
        "MONGODB_URI": mongodb.replace("/?", "/docker?"),
        "REDIS_URL": f"{redis.removesuffix('/0')}/7",
    }


@pytest.fixture(scope="module")
def address(variables: dict[str, str]) -> Iterator[str]:
    """The address of the proxy in front of the shop, both started as docker-compose.yml says."""
    address, data_dir = variables["PUBLIC_URL"], Path(variables["DATA_DIR"])
    subprocess.run([*COLLECT, "--noinput", "--verbosity=0"], cwd=ROOT, env=variables | BUILD, check=True)
    shop = subprocess.Popen([WITH_SECRETS, *SERVICE["command"]], cwd=ROOT, env=variables)
    proxy = caddy("run", data_dir, PUBLIC_URL=address, UPSTREAM=f"127.0.0.1:{variables['PORT']}")
    try:
        assert wait_until(lambda: answers(int(address.rpartition(":")[2])), 60)
        yield address
    finally:
        processes = Processes(shop.pid)
        for process in (proxy, shop):
            process.terminate()
            process.wait(20)
        assert processes.gone_within(10)


@pytest.fixture
def browser() -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(CookieJar()))


def test_the_shop_is_in_production_and_its_admin_has_the_password_that_was_made(
    address: str, variables: dict[str, str], browser: OpenerDirector
) -> None:
    made = Path(variables["DATA_DIR"]) / "secrets" / "DEFAULT_ADMIN_PASSWORD"
    assert status(browser, f"{address}/dev/mails/") == 404
    assert signed_in(browser, address, "admin123") is False
    assert signed_in(browser, address, made.read_text().strip()) is True


def test_another_admin_is_created_by_a_command_in_a_container(
    address: str, variables: dict[str, str], browser: OpenerDirector
) -> None:
    command = [WITH_SECRETS, "python", "manage.py", "create_admin", "you@example.com"]
    subprocess.run(command, cwd=ROOT, env=variables | {"ADMIN_PASSWORD": "SecurePass123"}, check=True)
    assert signed_in(browser, address, "SecurePass123", "you@example.com") is True


def status(browser: OpenerDirector, url: str) -> int:
    with suppress(HTTPError):
        return int(browser.open(url).status)
    return 404


def signed_in(browser: OpenerDirector, address: str, password: str, email: str = "admin@example.com") -> bool:
    page = browser.open(f"{address}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    given = {"username": email, "password": password, "csrfmiddlewaretoken": token}
    return "/login/" not in browser.open(f"{address}/admin/login/", urlencode(given).encode()).url
