"""Progress of long work: a bar in a terminal, a line every 5 s in a log file."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

BAR_REFRESH_S = 0.1
LINE_REFRESH_S = 5.0
_BAR_CELLS = 24


def readable_duration(seconds: float) -> str:
    """Format seconds as ``42 s``, ``3:07`` or ``2:03:07``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def readable_size(size_bytes: float) -> str:
    """Format a number of bytes with a decimal unit, such as ``20 GB``."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"


def _as_number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3g}"


class Progress:
    """Display of ``(done, total, text)`` with the rate and the time left; it may be called at every step.

    In a terminal one line is redrawn, at most every 0.1 s; any other stream gets a new line at most every 5 s. Units
    done before the first call (a resumed run, a partial cache) do not count for the rate. A total of None or 0 is
    unknown.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        label: str = "",
        count_bytes: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.label = label
        self._written = readable_size if count_bytes else _as_number
        self._clock = clock
        self._terminal = self.stream.isatty()
        self._began: tuple[float, int] | None = None
        self._shown_s = float("-inf")
        self._shown_done: int | None = None
        self._drawn = False

    def __call__(self, done: int, total: int | None = None, text: str = "") -> None:
        """Update the progress. It is displayed at intervals, and always when ``done`` reaches ``total``."""
        now = self._clock()
        if self._began is None:
            self._began = now, done
        finished = bool(total) and done == total
        due = now - self._shown_s >= (BAR_REFRESH_S if self._terminal else LINE_REFRESH_S)
        if due or (finished and self._shown_done != done):
            self._show(now, done, total, text)

    def say(self, text: str) -> None:
        """Write a separate line."""
        self.close()
        self.stream.write(text + "\n")
        self.stream.flush()

    def close(self) -> None:
        """End the line of the bar, so that the next output starts on a new line."""
        if self._drawn:
            self.stream.write("\n")
            self.stream.flush()
            self._drawn = False

    def _show(self, now: float, done: int, total: int | None, text: str) -> None:
        self._shown_s, self._shown_done = now, done
        line = self._line(now, done, total, text)
        if self._terminal:
            columns = shutil.get_terminal_size().columns
            self.stream.write("\r\x1b[K" + line[: columns - 1])
            self._drawn = True
        else:
            self.stream.write(line + "\n")
        self.stream.flush()

    def _line(self, now: float, done: int, total: int | None, text: str) -> str:
        began_s, began_done = self._began or (now, done)
        elapsed_s = now - began_s
        rate_hz = (done - began_done) / elapsed_s if elapsed_s > 0 else 0.0
        parts = [self.label] if self.label else []
        if total:
            filled = min(_BAR_CELLS, _BAR_CELLS * done // total)
            if self._terminal:
                parts.append(f"[{'#' * filled}{'.' * (_BAR_CELLS - filled)}]")
            parts.append(f"{self._written(done)}/{self._written(total)}")
        else:
            parts.append(self._written(done))
        if rate_hz > 0:
            parts.append(f"{self._written(rate_hz)}/s")
            if total and done < total:
                parts.append(f"{readable_duration((total - done) / rate_hz)} left")
        if text:
            parts.append(text)
        return "  ".join(parts)
