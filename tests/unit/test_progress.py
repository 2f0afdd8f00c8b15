"""A bar for a terminal, plain lines for a log."""

import io

from crossmodal.progress import Progress, readable_duration, readable_size


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def work(stream: io.StringIO, seconds: int, *, begin: int = 0, per_second: int = 2) -> str:
    clock = Clock()
    progress = Progress(stream, label="work", clock=clock)
    total = begin + seconds * per_second
    for done in range(begin, total + 1):
        clock.now_s = (done - begin) / per_second
        progress(done, total)
    progress.close()
    return stream.getvalue()


def test_a_log_gets_a_line_every_few_seconds_and_one_at_the_end() -> None:
    lines = work(io.StringIO(), 12).splitlines()
    assert lines == [
        "work  0/24",
        "work  10/24  2/s  7 s left",
        "work  20/24  2/s  2 s left",
        "work  24/24  2/s",
    ]


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    text = work(Terminal(), 3)
    assert text.count("\n") == 1
    assert text.startswith("\r\x1b[K")
    assert "[####" in text


def test_earlier_work_does_not_count_for_the_rate() -> None:
    assert "2/s" in work(io.StringIO(), 12, begin=1000)


def test_unknown_total() -> None:
    stream = io.StringIO()
    Progress(stream)(3, None, "files")
    assert stream.getvalue() == "3  files\n"


def test_bytes_are_readable() -> None:
    stream = io.StringIO()
    Progress(stream, count_bytes=True)(1_500_000, 20_000_000_000)
    assert stream.getvalue() == "1.5 MB/20 GB\n"


def test_sizes_and_durations() -> None:
    assert [readable_size(n) for n in (12, 1200, 3.4e9)] == ["12 bytes", "1.2 kB", "3.4 GB"]
    assert [readable_duration(s) for s in (4, 187, 7387)] == ["4 s", "3:07", "2:03:07"]
