"""A mail server for tests: it keeps what it is given."""

import socketserver
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread

import pytest

ANSWERS = {"EHLO": "250 ok", "HELO": "250 ok", "MAIL": "250 ok", "QUIT": "221 bye", "RSET": "250 ok"}


class Session(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "RCPT":
                self.say(self.server.answer_to_recipients)
            elif word == "DATA":
                self.say("354 go on")
                self.server.mails.append(self.mail())
                self.say("250 taken")
            else:
                self.say(ANSWERS[word])

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def mail(self) -> EmailMessage:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        return message_from_bytes(b"".join(lines), policy=policy.default)  # type: ignore[return-value]


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer_to_recipients = "250 ok"
        super().__init__(("127.0.0.1", 0), Session)


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """The shop sends its mails to this server for the length of the test."""
    with MailServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server
        server.shutdown()
