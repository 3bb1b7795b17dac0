"""What each test costs in processor time, its own and that of the processes it waited for: ``pytest --cost``.

Seconds on a clock say how busy the machine was; these say what a test takes from the others. What a fixture costs is
told with the test that wanted it first, and of a process with the test that saw its end.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

SHOWN = 12
WORTH_TELLING = 1.0
"""Seconds. Cheaper tests are not listed."""


def spent() -> float:
    """Processor seconds of this process so far, with those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Costs:
    def __init__(self) -> None:
        self.of: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        before = spent()
        try:
            return (yield)
        finally:
            self.of[item.nodeid] = spent() - before

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        files: dict[str, float] = {}
        for name, seconds in self.of.items():
            file = name.partition("::")[0]
            files[file] = files.get(file, 0.0) + seconds
        terminalreporter.section("processor time")
        for of in (self.of, files):
            for name, seconds in sorted(of.items(), key=lambda one: -one[1])[:SHOWN]:
                if seconds >= WORTH_TELLING:
                    terminalreporter.write_line(f"{seconds:8.1f} s  {name}")
            terminalreporter.write_line("")
        terminalreporter.write_line(f"{spent():8.1f} s  all of {len(self.of)} tests, with reading them")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cost", action="store_true", help="tell which tests and files took the most processor time")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--cost"):
        config.pluginmanager.register(Costs(), "processor-time")
