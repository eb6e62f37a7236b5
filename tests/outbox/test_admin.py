"""The admin page of the outbox, which sends dead letters again and edits nothing."""

import pytest

from ecommerce.core.models import OutboxMessage
from tests.outbox.conftest import DEAD, PENDING, SENT, queue, reloaded

LIST = "/admin/ecommerce/outboxmessage/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, staff):
    client.force_login(staff)
    return client


def send_again(client, *messages):
    selected = [str(message.pk) for message in messages]
    return client.post(LIST, {"action": "send_again", "_selected_action": selected}, follow=True)


def test_messages_are_filtered_by_status(admin):
    queue(1)
    queue(2, status=DEAD, attempts=12, last_error="SMTPAuthenticationError: the mail server answered 535.")
    page = admin.get(LIST).content.decode()
    assert "test:1" in page
    dead = admin.get(f"{LIST}?status__exact=dead").content.decode()
    assert "test:1" not in dead
    assert "test:2" in dead
    assert "answered 535" in dead


def test_only_dead_letters_are_sent_again(admin):
    dead, sent = queue(1, status=DEAD, attempts=12), queue(2, status=SENT, attempts=1)
    page = send_again(admin, dead, sent)
    assert "1 will be sent again." in page.content.decode()
    assert (reloaded(dead).status, reloaded(dead).attempts) == (PENDING, 0)
    assert (reloaded(sent).status, reloaded(sent).attempts) == (SENT, 1)


def test_messages_cannot_be_added_changed_or_deleted(admin):
    message = queue(1)
    assert admin.get(f"{LIST}add/").status_code == 403
    page = admin.get(f"{LIST}{message.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert admin.post(f"{LIST}{message.pk}/change/", {"status": "sent"}).status_code == 403
    assert admin.post(f"{LIST}{message.pk}/delete/", {"post": "yes"}).status_code == 403
    assert OutboxMessage.objects.get().status == PENDING


def test_customers_have_no_access(client, customer):
    client.force_login(customer)
    message = queue(1, status=DEAD)
    assert client.get(LIST).status_code == 302
    send_again(client, message)
    assert reloaded(message).status == DEAD
