"""Settings for all tests: no deadlines in property tests, which hold on a busy machine; asserts of helpers shown."""

import gc
import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.cost"]

_ANYWHERE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run: a change is refused for what it does, never for the luck of others' examples.
settings.register_profile("tests", _ANYWHERE, derandomize=True)
settings.register_profile("random", _ANYWHERE, derandomize=False, print_blob=True)
"""Examples that nobody has tried: `make soak` looks for new faults by them."""
settings.load_profile("tests")


SHOWN_OTHERWISE = ("FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "PYTHONUNBUFFERED")
"""Variables by which programs print otherwise; tests set them themselves where they ask for that."""


def pytest_configure() -> None:
    """Whoever runs the tests, and from wherever, they find the same surroundings: locale, terminal, umask and signals.

    Who is started in the background by a shell ignores interrupts, and so would the programs that tests start.
    """
    for name in SHOWN_OTHERWISE:
        os.environ.pop(name, None)
    os.environ |= {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
    os.umask(0o022)
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is read here stays to the end: looking through it for garbage took a fifth of reading, and more later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
