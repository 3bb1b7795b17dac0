"""Plants a bug: replaces the code of one function in place while a test runs, for all modules that import it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType

from tests.support.sim.mutations import Mutation


def target(mutation: Mutation) -> FunctionType:
    module, _, path = mutation.function.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    assert isinstance(found, FunctionType), f"{mutation.function} is no function"
    return found


def mutated(mutation: Mutation) -> FunctionType:
    """The function with the mutation. Its old text must occur exactly once."""
    function = target(mutation)
    source = textwrap.dedent(inspect.getsource(function))
    count = source.count(mutation.old)
    assert count == 1, f"{mutation.name}: the text to replace is {count} times in {mutation.function}"
    made: dict[str, object] = {}
    changed = source.replace(mutation.old, mutation.new)
    exec(
        compile("from __future__ import annotations\n" + changed, mutation.function, "exec"), function.__globals__, made
    )
    (result,) = (value for value in made.values() if isinstance(value, FunctionType))
    assert result.__code__.co_freevars == function.__code__.co_freevars
    return result


@contextlib.contextmanager
def planted(mutation: Mutation) -> Iterator[None]:
    function = target(mutation)
    before = function.__code__
    function.__code__ = mutated(mutation).__code__
    try:
        yield
    finally:
        function.__code__ = before
