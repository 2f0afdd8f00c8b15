"""A pytest plugin that prints the CPU-seconds of tests, by function and by file: ``pytest -p tests.cpu_seconds``.

The time of a test is user and system time of its process, and of processes that it started and that ended meanwhile. A
fixture of a module or session counts for the test that asks for it first. With workers, each measures itself.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

SHOWN = 40
_PROPERTY = "cpu_s"
_OUTPUT = "cpu_seconds_of_worker"


def used_s() -> float:
    """CPU-seconds of this process and of its children that ended."""
    return sum(os.times()[:4])


class CpuSeconds:
    """Measures every phase of every test where tests run, and adds up where they are reported."""

    def __init__(self) -> None:
        self.mark_s = 0.0
        self.by_function: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()
        self.workers_s: list[float] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Begin a test."""
        self.mark_s = used_s()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[Any]:
        """Give the report of a phase the time since the report before."""
        report = yield
        now_s = used_s()
        report.user_properties.append((_PROPERTY, now_s - self.mark_s))
        self.mark_s = now_s
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the phase to its function; later reports of a test repeat the properties of earlier ones."""
        name = report.nodeid.split("[")[0]
        self.by_function[name] += [value for key, value in report.user_properties if key == _PROPERTY][-1]
        self.tests[name] += report.when == "call"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the time of a worker, imports and collection included, to where the table is printed."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = used_s()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Receive the time of a worker."""
        self.workers_s.append(getattr(node, "workeroutput", {}).get(_OUTPUT, 0.0))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the slowest functions, the slowest files and the total."""
        by_file: Counter[str] = Counter()
        for name, seconds in self.by_function.items():
            by_file[name.split("::")[0]] += seconds
        terminalreporter.section("CPU-seconds")
        for name, seconds in self.by_function.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:8.2f}  {name} ({self.tests[name]})")
        terminalreporter.write_line("")
        for name, seconds in by_file.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:8.2f}  {name}")
        tests_s = sum(by_file.values())
        # The workers are children of this process, but may not have been waited for yet.
        all_s = max(used_s(), sum(os.times()[:2]) + sum(self.workers_s))
        terminalreporter.write_line("")
        terminalreporter.write_line(f"{tests_s:8.2f}  all tests")
        terminalreporter.write_line(f"{all_s - tests_s:8.2f}  imports, collection and reports")
        terminalreporter.write_line(f"{all_s:8.2f}  total")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin, in workers too."""
    config.pluginmanager.register(CpuSeconds(), "cpu_seconds")
