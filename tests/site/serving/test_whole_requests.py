"""Requests and answers that come in pieces arrive whole."""

import hashlib
import re
import socket
import time
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from threading import Timer

import pytest
from django.conf import settings

from ecommerce.site.serving.client_socket import CONTINUE
from ecommerce.site.serving.incoming import LARGEST_BODY, LONGEST_HEAD, IncomingRequest
from tests.site.serving.application import LARGE
from tests.site.serving.server import Server, connect

GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = bytes(range(256)) * 2000  # more than is kept in memory
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def answer(client: socket.socket) -> tuple[int, bytes]:
    """Return the next answer's status and body, and read nothing that follows."""
    while (head := head_from(client)).startswith(CONTINUE):
        pass
    length, body = int(re.search(rb"Content-Length: (\d+)", head)[1]), bytearray()
    while len(body) < length and (part := client.recv(length - len(body))):
        body += part
    return int(head.split()[1]), bytes(body)


def head_from(client: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1) or pytest.fail(f"The connection ended after {head!r}.")
    return head


def test_the_limits_are_those_of_the_pages() -> None:
    assert LARGEST_BODY == settings.PAGE_BODY_LIMIT


def test_a_request_is_complete_however_it_is_cut() -> None:
    whole = POST % 7 + b"\r\n1234567"
    for size in range(1, len(whole) + 1):
        request = IncomingRequest()
        for start in range(0, len(whole), size):
            assert not request.is_complete
            request.add(whole[start : start + size])
        assert request.is_complete
        assert b"".join(iter(partial(request.read, 5), b"")) == whole
        request.close()


def test_a_large_body_arrives_whole_on_a_connection_that_is_kept(server: Server) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        for body in (BODY, b"", b"a", BODY[:70_000]):
            connection.request("POST", "/", body)
            assert connection.getresponse().read() == digest(body)


def test_a_large_answer_arrives_whole_at_a_client_that_reads_late(server: Server) -> None:
    with connect(server.port, buffer=2048) as client:
        client.sendall(GET % b"/large" + GET % b"/")
        time.sleep(0.2)
        assert answer(client) == (200, LARGE)
        assert answer(client) == (200, digest(b""))


def test_requests_that_arrive_together_are_answered_in_their_order(server: Server) -> None:
    with connect(server.port) as client:
        client.sendall((POST % 3 + b"\r\nabc") + GET % b"/" + (POST % 3 + b"\r\nd"))
        assert [answer(client)[1] for _ in range(2)] == [digest(b"abc"), digest(b"")]
        client.sendall(b"ef")
        assert answer(client)[1] == digest(b"def")


def test_a_client_that_asks_first_is_told_to_send_its_body(server: Server) -> None:
    with connect(server.port) as client:
        client.sendall(POST % 3 + b"Expect: 100-continue\r\n\r\n")
        assert head_from(client) == CONTINUE
        client.sendall(b"abc")
        assert answer(client)[1] == digest(b"abc")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: %d" % (LARGEST_BODY + 1), b"Transfer-Encoding: chunked"], ids=bytes.decode
)
def test_a_body_that_is_not_waited_for_ends_the_connection(server: Server, framing: bytes) -> None:
    """What follows is not taken for a request."""
    with connect(server.port) as client:
        client.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n")
        assert answer(client) == (413, b"too large")
        client.sendall(GET % b"/")
        assert client.recv(100) == b""


def test_a_head_without_end_ends_the_connection(server: Server) -> None:
    with connect(server.port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * (LONGEST_HEAD // 8))
        assert b"200 OK" not in client.recv(1000)


def test_stopping_ends_idle_connections_and_answers_those_that_have_begun() -> None:
    server = Server()
    with connect(server.port), connect(server.port) as begun:
        begun.sendall(POST % 3 + b"\r\n")
        time.sleep(0.2)
        server.request_stop()
        Timer(0.3, begun.sendall, [b"abc"]).start()
        assert answer(begun)[1] == digest(b"abc")
    assert "Traceback" not in server.stop()
