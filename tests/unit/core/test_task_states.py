"""Which states end a task is said in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import dcos_runtime
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.marathon.core.instance import TERMINAL_CONDITIONS
from dcos_runtime.wire.ended import ENDED
from dcos_runtime.wire.tasks import TaskState
from tests.support.sources import parsed

ROOT = Path(dcos_runtime.__file__).parent
LISTS = {"agent/views.py", "cli/output.py", "master/views.py"}
"""Which show states in columns, colours and sections: other sets than those that end a task."""
NAMES = {state.name for state in TERMINAL}


def test_all_mean_the_same_states() -> None:
    assert NAMES == ENDED
    assert set(TERMINAL_CONDITIONS) == TERMINAL | {TaskState.TASK_UNKNOWN}
    assert TERMINAL_CONDITIONS[TaskState.TASK_LOST] == TERMINAL_CONDITIONS[TaskState.TASK_DROPPED] == "Dropped"
    assert TERMINAL_CONDITIONS[TaskState.TASK_GONE_BY_OPERATOR] == TERMINAL_CONDITIONS[TaskState.TASK_GONE] == "Gone"


def test_nothing_lists_them_again() -> None:
    """Neither as an enum's members nor as texts. A message's states are all states; those are the wire's own."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(parsed(path.read_text())):
            if isinstance(node, ast.Set | ast.Dict | ast.Tuple | ast.List):
                named = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
                named |= {str(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant)}
                if len(NAMES & named) > 3:
                    found.add(str(path.relative_to(ROOT)))
    assert {one for one in found if not one.startswith("wire/")} <= LISTS, found
