"""Nothing that the shop started is left, however it ends."""

import os
import pty
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.runshop.shop import PROMISED, ROOT, Processes, Start, environment, free_port

MAKE_RUN = ["make", "run"]
CTRL_C = b"\x03"


def test_term_to_make_stops_everything(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, MAKE_RUN)
    assert shop.open()
    shop.send(signal.SIGTERM)
    assert shop.stopped_within(PROMISED)
    assert "Traceback" not in shop.said()


def test_ctrl_c_in_a_terminal_stops_everything(used_data_dir: Path) -> None:
    """make and the shop are one process group there, and both get the signal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe("make", MAKE_RUN, environment(used_data_dir, PORT=str(free_port())))
    said = read_until(terminal, "Sign in")
    shop = Processes(pid)
    os.write(terminal, CTRL_C)
    said += read_until(terminal, "")
    assert os.waitpid(pid, 0)[0] == pid
    assert shop.gone_within(PROMISED)
    assert "Stopping" in said
    assert "Traceback" not in said


def read_until(terminal: int, words: str) -> str:
    """What a terminal shows up to these words, or to its end."""
    said = ""
    with suppress(OSError):  # Linux: the end of a terminal
        while not (words and words in said) and (part := os.read(terminal, 4096)):
            said += part.decode()
    return said


def test_a_killed_make_leaves_nothing(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, MAKE_RUN)
    shop.send(signal.SIGKILL)
    assert shop.stopped_within(PROMISED)


def test_a_killed_shop_leaves_nothing_and_starts_again(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir)
    shop.send(signal.SIGKILL)
    assert shop.processes.gone_within(PROMISED)
    again = start(used_data_dir, port=shop.port)
    assert again.open(), again.said()


@pytest.mark.parametrize(
    ("words", "said"),
    [("valkey-server", "Valkey ended by itself"), ("-m gunicorn", "gunicorn ended by itself")],
)
def test_a_server_that_dies_stops_the_rest(used_data_dir: Path, start: Start, words: str, said: str) -> None:
    shop = start(used_data_dir)
    os.kill(shop.find(words), signal.SIGKILL)
    assert shop.stopped_within(PROMISED)
    assert shop.process.returncode == 1
    assert said in shop.said()
    assert "Traceback" not in shop.said()
