"""A progress bar for management commands."""

import sys
import time

WIDTH, EVERY_S = 30, 0.1


class ProgressBar:
    """A progress bar on stderr, if that is a terminal."""

    def __init__(self, task: str = "") -> None:
        self._task, self._shown, self._next = task, sys.stderr.isatty(), 0.0

    def draw(self, share: float) -> None:
        """Show that this share of the work, from 0 to 1, is done; at most ten times a second."""
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_S
            self._write(f"\r{self._task}[{'#' * int(share * WIDTH):{WIDTH}}] {share:4.0%}")

    def clear(self) -> None:
        if self._shown:
            self._write("\r\033[K")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
