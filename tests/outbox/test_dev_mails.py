"""The page of mails, which exists only in development."""

import subprocess
import sys
from importlib import reload

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import override_settings
from django.urls import clear_url_caches

import ecommerce.urls
from tests.runshop.shop import ROOT, environment
from tests.support.production import PRODUCTION

SCRIPT = "<script>alert(1)</script>"
RESOLVE = "import django; django.setup(); from django.urls import resolve; resolve('/dev/mails/')"


@pytest.fixture
def development(tmp_path, settings):
    """The URL patterns of development, and a folder for mails."""
    settings.MAIL_FOLDER = tmp_path / "mails"
    settings.EMAIL_BACKEND = "ecommerce.devserver.mail_folder.MailFolder"
    with override_settings(APP_ENV="dev"):
        reload(ecommerce.urls)
    clear_url_caches()
    yield
    reload(ecommerce.urls)
    clear_url_caches()


def send(subject="Hello", message_id="<1@example.com>"):
    mail = EmailMultiAlternatives(subject, f"Text {SCRIPT}", to=["customer@example.com"])
    mail.extra_headers["Message-ID"] = message_id
    mail.attach_alternative(f"<p>HTML {SCRIPT}</p>", "text/html")
    mail.send()


def test_mails_are_shown_to_callers_on_this_machine_only(development, db, client, settings):
    send()
    for path in ("", "1examplecom/", "1examplecom/html/"):
        assert client.get(f"/dev/mails/{path}").status_code == 200
        assert client.get(f"/dev/mails/{path}", REMOTE_ADDR="::1").status_code == 200
        assert client.get(f"/dev/mails/{path}", REMOTE_ADDR="192.0.2.1").status_code == 404
        # A proxy on this machine, such as a tunnel, speaks for others.
        assert client.get(f"/dev/mails/{path}", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 404
        assert client.get(f"/dev/mails/{path}", HTTP_FORWARDED="for=127.0.0.1").status_code == 404


def test_each_mail_is_shown_as_text_and_html(development, db, client):
    assert "There are none yet" in client.get("/dev/mails/").content.decode()
    send(f"First {SCRIPT}", "<1@example.com>")
    send("Second", "<2@example.com>")
    page = client.get("/dev/mails/").content.decode()
    assert "customer@example.com" in page
    assert "First &lt;script&gt;" in page
    mail = client.get("/dev/mails/1examplecom/").content.decode()
    assert "Text &lt;script&gt;" in mail
    assert '<iframe sandbox title="The mail as HTML" src="/dev/mails/1examplecom/html/"' in mail
    assert SCRIPT not in page + mail


def test_the_html_of_a_mail_can_run_and_load_nothing(development, db, client):
    send()
    response = client.get("/dev/mails/1examplecom/html/")
    assert response.content.decode().strip() == f"<p>HTML {SCRIPT}</p>"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_a_repeated_mail_is_shown_once(development, settings):
    send()
    send()
    assert [file.name for file in settings.MAIL_FOLDER.iterdir()] == ["1examplecom.eml"]


@pytest.mark.parametrize("name", ["unknown", "..", "%2e%2e%2fsecrets", "1.eml"])
def test_only_mails_can_be_opened(development, db, client, name):
    send()
    assert client.get(f"/dev/mails/{name}/").status_code == 404


def test_the_test_settings_have_no_such_page(db, client):
    assert client.get("/dev/mails/").status_code == 404


def resolve_with_settings(tmp_path, **variables):
    settings = environment(tmp_path, DJANGO_SETTINGS_MODULE="ecommerce.settings", **variables)
    command = [sys.executable, "-c", RESOLVE]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)


def test_production_has_no_such_page(tmp_path):
    assert "Resolver404" in resolve_with_settings(tmp_path, **PRODUCTION).stderr
