"""A worker process for tests: `python -m tests.outbox.worker FILE [hang]`.

It waits for a line on standard input, delivers each message of the tests' kind by a line in FILE, and prints
`done`. With `hang` it stays in its first delivery.
"""

import os
import sys
import time
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from ecommerce.core.models import OutboxMessage  # noqa: E402
from ecommerce.core.outbox import queue as outbox  # noqa: E402  # after the setup


def main(file: str, mode: str = "") -> None:
    @outbox.handler("test")
    def deliver(message: OutboxMessage) -> None:
        with Path(file).open("a") as lines:
            lines.write(f"{message.payload['number']}\n")
        time.sleep(600 if mode == "hang" else 0.01)

    say("ready")
    sys.stdin.readline()
    outbox.deliver_due(seconds=30)
    say("done")


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
