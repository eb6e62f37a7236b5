"""TERM, HUP and Ctrl-C end a command in order: every `finally` runs, once, and there is no traceback."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SERVING = "runshop"  # for it a signal is the normal end, so its exit code is 0
_patience = 0.0  # seconds that a step may still take; see `deferred`


@contextmanager
def orderly(arguments: list[str]) -> Iterator[None]:
    serving = arguments[:1] == [SERVING]

    def stop(number: int, frame: FrameType | None) -> None:
        if _patience and number != signal.SIGALRM:
            if not signal.getitimer(signal.ITIMER_REAL)[0]:  # a second signal buys no more time
                signal.setitimer(signal.ITIMER_REAL, _patience)
            return
        for each in (*STOPS, signal.SIGALRM):
            signal.signal(each, signal.SIG_IGN)  # the way out is short: it is not to be interrupted
        sys.exit(0 if serving else 128 + number)

    # Elsewhere Ctrl-C stays Python's own, which the shell and the debugger rely on.
    for each in (*(STOPS if serving else STOPS[1:]), signal.SIGALRM):
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:  # nohup
            signal.signal(each, stop)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def deferred(seconds: float) -> Iterator[None]:
    """A step that should not be cut in half: a signal waits for its end, but no longer than this."""
    global _patience
    _patience = seconds
    try:
        yield
    finally:
        _patience = 0
        remaining = signal.setitimer(signal.ITIMER_REAL, 0)[0]
    if remaining:
        signal.raise_signal(signal.SIGTERM)
