"""What other machines reach: nothing of development, and of Docker's containers the proxy alone."""

import os
import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from ecommerce.core import env
from tests.runshop.shop import ROOT, manage
from tests.support.production import PRODUCTION

WITH_SECRETS = ROOT / "deploy" / "with-secrets"
MADE = ("SECRET_KEY", "JWT_SECRET", "DEFAULT_ADMIN_PASSWORD")
PRINT = "import os; print(*[os.environ[name] for name in {}], sep='\\n')"


@pytest.fixture
def environment(monkeypatch):
    """Set these environment variables and no others."""
    return lambda **variables: monkeypatch.setattr(os, "environ", variables)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_development_listens_to_others_only_if_told_so_aloud(environment, host):
    for app_env in ({}, {"APP_ENV": "dev"}, {"APP_ENV": "test"}):
        environment(HOST=host, **app_env)
        with pytest.raises(ImproperlyConfigured, match="ALLOW_INSECURE=public-development"):
            env.host()
    environment(HOST=host, ALLOW_INSECURE="public-development")
    assert env.host() == host
    environment(HOST=host, APP_ENV="production")
    assert env.host() == host


@pytest.mark.parametrize("host", ["", "127.0.0.1", "127.9.9.9", "::1", "my-laptop"])
def test_development_listens_to_this_machine(environment, host):
    environment(HOST=host)
    assert env.host() == (host if host[:1] in ("1", ":") else "127.0.0.1")


def test_make_run_and_gunicorn_refuse_before_they_start_anything(tmp_path):
    refused = manage(tmp_path, "runshop", HOST="0.0.0.0")
    assert refused.returncode == 1
    assert refused.stderr.startswith("HOST opens development")
    assert list(tmp_path.iterdir()) == []
    command = [sys.executable, "-m", "gunicorn", "tests.site.serving.application:application"]
    variables = os.environ | {"HOST": "0.0.0.0", "PORT": "1", "APP_ENV": "dev"}
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "HOST opens development" in ended.stderr


def compose(name="docker-compose.yml"):
    return yaml.safe_load((ROOT / name).read_text())


def test_docker_publishes_to_this_machine_and_the_proxy_only():
    services = compose()["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"proxy", "mongo-express"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert services["mongo-express"]["profiles"] == ["tools"]
    public = compose("deploy/public.yml")["services"]
    assert {name for name, service in public.items() if "ports" in service} == {"proxy"}


def test_docker_keeps_the_databases_in_a_network_of_their_own():
    network = compose()["networks"]["data"]
    assert network["internal"] is True
    services = compose()["services"]
    assert {name for name in services if services[name]["networks"] == ["data"]} == {"mongo", "redis"}
    assert "data" not in services["proxy"]["networks"]


def test_no_other_container_takes_the_address_of_the_proxy_that_the_shop_trusts():
    services, network = compose()["services"], compose()["networks"]["front"]["ipam"]["config"][0]
    proxy = services["proxy"]["networks"]["front"]["ipv4_address"]
    assert proxy == services["shop"]["environment"]["TRUSTED_PROXIES"] != network["gateway"]
    assert ip_address(proxy) in ip_network(network["subnet"])
    assert ip_address(proxy) not in ip_network(network["ip_range"])


def test_an_env_file_for_make_run_changes_nothing_that_the_containers_rely_on():
    image = (ROOT / "Dockerfile").read_text().split("FROM")[-1]
    relied_on = dict(re.findall(r"\b(APP_ENV|HOST|PORT|MEDIA_ROOT)=(\S+)", image))
    assert len(relied_on) == 4
    for service in ("shop", "worker", "beat"):
        assert compose()["services"][service]["environment"].items() >= relied_on.items()


def default_of(text):
    """Return what Docker makes of `${NAME:-default}` where NAME is not set."""
    return text.removeprefix("${").partition(":-")[2].removesuffix("}") if text.startswith("${") else text


def test_docker_starts_with_secrets_and_production_settings_that_pass_the_checks(tmp_path, load):
    shop = compose()["services"]["shop"]
    variables = {name: default_of(value) for name, value in shop["environment"].items()}
    assert variables["APP_ENV"] == "production"
    assert shop["entrypoint"] == [str(WITH_SECRETS.relative_to(ROOT))]
    made = dict(zip(MADE, run_with_secrets(tmp_path), strict=True))
    assert load(**variables | made)["IN_PRODUCTION"]


def test_the_public_settings_pass_the_checks_and_sell_nothing_for_nothing(load):
    public = compose("deploy/public.yml")["services"]["shop"]["environment"]
    given = {name: value for name, value in PRODUCTION.items() if ":?" in public.get(name, "")}
    variables = {name: default_of(value) for name, value in public.items() if ":?" not in value}
    settings = load(**PRODUCTION | variables | given | {"DEFAULT_ADMIN_EMAIL": "you@shop.example"})
    assert settings["ALLOW_SIMULATED_PAYMENTS"] is settings["SEED_SAMPLE_PRODUCTS"] is False
    assert {name for name, value in public.items() if ":?" in value} >= {"PUBLIC_URL", "PAYMENT_PROVIDER"}


def secrets_command(folder: Path, **given: str) -> subprocess.Popen[str]:
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "DATA_DIR": str(folder)}
    command = [WITH_SECRETS, sys.executable, "-c", PRINT.format(MADE)]
    return subprocess.Popen(command, env=variables | given, stdout=subprocess.PIPE, text=True)


def run_with_secrets(folder: Path, **given: str) -> list[str]:
    process = secrets_command(folder, **given)
    return process.communicate(timeout=60)[0].split()


def test_containers_that_start_at_once_make_the_same_secrets_and_keep_them(tmp_path):
    starting = [secrets_command(tmp_path) for _ in range(4)]
    made = {process.communicate(timeout=60)[0] for process in starting}
    assert len(made) == 1
    first = made.pop().split()
    assert len(set(first)) == len(MADE)
    assert run_with_secrets(tmp_path) == first
    files = list((tmp_path / "secrets").iterdir())
    assert {file.name for file in files} == {*MADE}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_given_secret_is_used_and_none_is_made_for_it(tmp_path):
    assert run_with_secrets(tmp_path, JWT_SECRET="given")[1] == "given"
    assert not (tmp_path / "secrets" / "JWT_SECRET").exists()
