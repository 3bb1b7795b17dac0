"""Which states end a task is said in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import dcos_runtime
from dcos_runtime.cli.kernel.master import TERMINAL_STATES
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.marathon.core.instance import TERMINAL_CONDITIONS
from dcos_runtime.wire.tasks import TaskState
from tests.support.sources import parsed

ROOT = Path(dcos_runtime.__file__).parent
NAMES = {state.name for state in TERMINAL}


def test_the_command_and_the_init_mean_the_same_states() -> None:
    assert NAMES == TERMINAL_STATES
    assert set(TERMINAL_CONDITIONS) == TERMINAL | {TaskState.TASK_UNKNOWN}
    assert TERMINAL_CONDITIONS[TaskState.TASK_LOST] == TERMINAL_CONDITIONS[TaskState.TASK_DROPPED] == "Dropped"
    assert TERMINAL_CONDITIONS[TaskState.TASK_GONE_BY_OPERATOR] == TERMINAL_CONDITIONS[TaskState.TASK_GONE] == "Gone"


def test_no_core_lists_them_again() -> None:
    found = []
    for path in ROOT.rglob("core/**/*.py"):
        for node in ast.walk(parsed(path.read_text())):
            if isinstance(node, ast.Set | ast.Dict | ast.Tuple | ast.List):
                named = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)} & NAMES
                if len(named) > 3:
                    found.append(str(path.relative_to(ROOT)))
    assert found == ["core/task_states.py"]
