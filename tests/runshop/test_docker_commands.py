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
BIN = Path(sys.executable).parent
COLLECT, BUILD = [sys.executable, "manage.py", "collectstatic"], {"APP_ENV": "dev"}  # as the image is built
PRINT_ADDRESSES = "from os import environ; print(environ['MONGODB_URI'], environ['REDIS_URL'])"


@pytest.fixture
def address(running_shop: Shop, tmp_path: Path) -> Iterator[str]:
    """The address of the proxy in front of the shop, both started as docker-compose.yml says."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["shop"]
    mongodb, redis = python(running_shop.data_dir, PRINT_ADDRESSES).stdout.split()
    port, public = free_port(), free_port()
    address = f"http://localhost:{public}"
    variables = {name: default_of(value) for name, value in service["environment"].items()} | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DATA_DIR": str(tmp_path),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": address,
        "TRUSTED_PROXIES": "127.0.0.1",
        "MONGODB_URI": mongodb.replace("/?", "/docker?"),
        "REDIS_URL": f"{redis.removesuffix('/0')}/7",
    }
    subprocess.run([*COLLECT, "--noinput", "--verbosity=0"], cwd=ROOT, env=variables | BUILD, check=True)
    shop = subprocess.Popen([WITH_SECRETS, *service["command"]], cwd=ROOT, env=variables)
    proxy = caddy("run", tmp_path, PUBLIC_URL=address, UPSTREAM=f"127.0.0.1:{port}")
    try:
        assert wait_until(lambda: answers(public), 60)
        yield address
    finally:
        processes = Processes(shop.pid)
        for process in (proxy, shop):
            process.terminate()
            process.wait(20)
        assert processes.gone_within(10)


def test_the_shop_is_in_production_and_its_admin_has_the_password_that_was_made(
    address: str, tmp_path: Path
) -> None:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    assert status(browser, f"{address}/dev/mails/") == 404
    assert signed_in(browser, address, "admin123") is False
    assert signed_in(browser, address, (tmp_path / "secrets" / "DEFAULT_ADMIN_PASSWORD").read_text()) is True


def status(browser: OpenerDirector, url: str) -> int:
    with suppress(HTTPError):
        return int(browser.open(url).status)
    return 404


def signed_in(browser: OpenerDirector, address: str, password: str) -> bool:
    page = browser.open(f"{address}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    given = {"username": "admin@example.com", "password": password.strip(), "csrfmiddlewaretoken": token}
    return "/login/" not in browser.open(f"{address}/admin/login/", urlencode(given).encode()).url
