"""The orderly end of a management command on a signal: every `finally` runs once, without a traceback."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SERVER_COMMAND = "runshop"  # a signal is its normal end, so it exits with 0

_seconds_to_finish = 0.0  # how long a signal waits for the running step; see `finish_step_first`


@contextmanager
def exit_on_signals(arguments: list[str]) -> Iterator[None]:
    """Turn TERM, HUP, and for the server Ctrl-C, into an orderly exit of the command in this block."""
    is_server = arguments[:1] == [SERVER_COMMAND]
    handled = _signals_to_handle(is_server)

    def handle(number: int, frame: FrameType | None) -> None:
        if _seconds_to_finish and number != signal.SIGALRM:
            _start_countdown(_seconds_to_finish)
            return
        for each in (*handled, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)  # a second signal must not interrupt the cleaning up
        sys.exit(0 if is_server else 128 + number)

    for each in handled:
        signal.signal(each, handle)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def finish_step_first(seconds: float) -> Iterator[None]:
    """Let the step in this block finish before a signal ends the command, but for no more than `seconds`."""
    global _seconds_to_finish
    _seconds_to_finish = seconds
    try:
        yield
    finally:
        _seconds_to_finish = 0
        signal_arrived = _stop_countdown()
    if signal_arrived:
        signal.raise_signal(signal.SIGTERM)


def _signals_to_handle(is_server: bool) -> list[signal.Signals]:
    handled = [signal.SIGTERM, signal.SIGALRM]
    if is_server:  # elsewhere Ctrl-C stays Python's own, which the shell and the debugger rely on
        handled.append(signal.SIGINT)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup ignores it
        handled.append(signal.SIGHUP)
    return handled


def _start_countdown(seconds: float) -> None:
    """Send ALRM after so many seconds. A second signal does not start it again."""
    if not signal.getitimer(signal.ITIMER_REAL)[0]:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _stop_countdown() -> bool:
    """Return whether the countdown was running, which means that a signal arrived."""
    return bool(signal.setitimer(signal.ITIMER_REAL, 0)[0])
