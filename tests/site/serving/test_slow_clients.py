"""Clients that send, read or close slowly do not block others, as they block gunicorn's own worker."""

import socket
from contextlib import ExitStack

import pytest

from ecommerce.devserver.file_lock import wait_until
from tests.site.serving.server import KINDS, MOST_CONNECTIONS, Server, SlowClients

SOME = ("a body", "no end of the connection", "no end of reading")


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_stop_nobody(server: Server, kind: str) -> None:
    with SlowClients(server.port, 8, *KINDS[kind]):
        assert all(server.answers() for _ in range(5))


@pytest.mark.parametrize("kind", SOME)
def test_the_usual_worker_is_stopped(usual_server: Server, kind: str) -> None:
    assert wait_until(usual_server.answers, 20)
    with SlowClients(usual_server.port, 8, *KINDS[kind]):
        assert not all(usual_server.answers(within=0.3) for _ in range(3))


@pytest.mark.parametrize("kind", SOME)
def test_more_slow_clients_than_connections_make_room(server: Server, kind: str) -> None:
    with SlowClients(server.port, MOST_CONNECTIONS + 10, *KINDS[kind]):
        assert all(server.answers() for _ in range(5))


def is_closed(client: socket.socket) -> bool:
    try:
        while client.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_late_clients_lose_their_connections_and_hear_why() -> None:
    server = Server("--worker-class=tests.site.serving.application.Impatient")
    with ExitStack() as stack:
        late = [stack.enter_context(SlowClients(server.port, 1, *KINDS[kind])).sockets[0] for kind in SOME]
        assert wait_until(lambda: late[0].recv(100).startswith(b"HTTP/1.1 408 "), 20)
        assert wait_until(lambda: all(map(is_closed, late)), 20)
    assert "Traceback" not in server.stop()
