"""The end of a shop, which leaves none of its processes behind."""

import os
import pty
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import PROMISED_SECONDS, ROOT, Processes, Start, environment, free_port, python

pytestmark = pytest.mark.kills

INSERT_NOTE = "from django.db import connection as c; c.get_collection('notes').insert_one({'_id': 'kept'})"
READ_NOTE = "from django.db import connection as c; print(c.get_collection('notes').find_one())"
MAKE_RUN = ["make", "run"]
CTRL_C = b"\x03"


def test_term_to_make_stops_everything(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, MAKE_RUN)
    assert shop.is_open()
    assert wait_until(shop.has_all_workers, 20)
    shop.send(signal.SIGTERM)
    assert shop.stopped_within(PROMISED_SECONDS)
    assert "Traceback" not in shop.output()


def test_ctrl_c_in_a_terminal_stops_everything(used_data_dir: Path) -> None:
    """The terminal sends the signal to both make and the shop."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe("make", MAKE_RUN, environment(used_data_dir, PORT=str(free_port())))
    output = read_until(terminal, "Sign in")
    shop = Processes(pid)
    os.write(terminal, CTRL_C)
    output += read_until(terminal, "")
    assert os.waitpid(pid, 0)[0] == pid
    assert shop.gone_within(PROMISED_SECONDS)
    assert "Stopping" in output
    assert "Traceback" not in output


def read_until(terminal: int, words: str) -> str:
    """Return the output of a terminal up to these words, or to its end."""
    output = ""
    with suppress(OSError):  # on Linux at the end of a terminal
        while not (words and words in output) and (part := os.read(terminal, 4096)):
            output += part.decode()
    return output


def test_a_killed_make_leaves_nothing_behind(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, MAKE_RUN)
    shop.send(signal.SIGKILL)
    assert shop.stopped_within(PROMISED_SECONDS)


def test_a_killed_shop_leaves_nothing_behind_and_starts_again_fast_with_its_data(
    used_data_dir: Path, start: Start
) -> None:
    shop = start(used_data_dir)
    assert python(used_data_dir, INSERT_NOTE).returncode == 0
    shop.send(signal.SIGKILL)
    assert shop.processes.gone_within(PROMISED_SECONDS)
    again = start(used_data_dir, port=shop.port)
    assert again.is_open(), again.output()
    assert again.seconds_to_start < 3 * PROMISED_SECONDS  # on a busy machine; a quiet one takes 3 s
    assert "kept" in python(used_data_dir, READ_NOTE).stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [("valkey-server", "Valkey ended by itself"), ("-m gunicorn", "gunicorn ended by itself")],
)
def test_the_shop_stops_when_one_of_its_servers_dies(
    used_data_dir: Path, start: Start, words: str, message: str
) -> None:
    shop = start(used_data_dir)
    os.kill(shop.find(words), signal.SIGKILL)
    assert shop.stopped_within(PROMISED_SECONDS)
    assert shop.process.returncode == 1
    assert message in shop.output()
    assert "Traceback" not in shop.output()
