"""Cores are pure: what they import and call is on a list, read off their syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dcos_runtime
from tests.support.sources import parsed

ROOT = Path(dcos_runtime.__file__).parent

PURE = ["core", "agent/core", "cosmos/core", "framework/core", "marathon/core", "master/core"]
"""The folders that are held to it."""
NAMES = "dcos_universe.index.mirror_names"
"""The names that a mirror gives, which Cosmos' core and the mirror make alike."""
URLS = "dcos_runtime.urls"
"""The one judge of URLs from outside, for cores as well. Both modules are held to the same rule here."""

LIBRARY = {
    "__future__",
    "base64",
    "binascii",
    "bisect",
    "collections",
    "collections.abc",
    "copy",
    "dataclasses",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "numpy",
    "numpy.typing",
    "operator",
    "re",
    "string",
    "typing",
    "urllib.parse",
    "zlib",
}

PARTS = {
    "logging": {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"},
    "posixpath": {"join", "normpath"},
    "random": {"Random"},
    "signal": {"SIGTERM", "SIGKILL", "SIGINT", "strsignal"},
    "uuid": {"UUID"},
}
"""Of these modules only what reads nothing: levels, words of paths, a generator with a seed, numbers of signals, a form
of ids.
"""

EXCEPTIONS = {
    "master/core/graphs.py": {"id()", "vars()"},
    "master/core/snapshot.py": {"vars()"},
    "core/resources/kind.py": {"imports threading", "imports weakref"},
    "core/resources/value.py": {"hash()"},
}
"""What tells one object from another like it, the classes of modules and the attributes of classes, one object a kind,
for all threads (docs/decisions/016), and the hash of a value: none of them decides anything."""

NUMPYS = {"random", "load", "save", "savetxt", "loadtxt", "fromfile", "memmap", "genfromtxt"}
"""Of numpy what is chance, or files."""

IMPURE = {"open", "print", "input", "exec", "eval", "compile", "__import__", "hash", "id", "breakpoint"}
"""Built in, and of the world or of one process."""
IMPURE |= {"globals", "vars", "__builtins__", "__loader__", "__spec__"}
"""What leads to all of these."""


def complaints(source: str, own: str) -> list[str]:
    """Where a module of the package ``own`` is not pure."""
    allowed = (
        own,
        "dcos_runtime.core",
        "dcos_runtime.wire",
        "dcos_universe.errors",
        "dcos_universe.model",
        NAMES,
        URLS,
    )
    tree = parsed(source)
    found: list[str] = []
    whole: set[str] = set()

    def check(line: int, module: str, names: list[str]) -> None:
        if module == "numpy" and NUMPYS.intersection(names):
            found.append(f"{line}: part of numpy")
            return
        if module in LIBRARY or any(module == each or module.startswith(f"{each}.") for each in allowed):
            return
        if module.split(".")[0] == "dcos_runtime" and any(f"{module}.{name}" in allowed for name in names):
            return
        if module in PARTS:
            found.extend(f"{line}: {module}.{name}" for name in names if name not in PARTS[module])
        else:
            found.append(f"{line}: imports {module}")

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name in PARTS and name.asname is None:
                    whole.add(name.name)
                elif name.name in PARTS or (name.name == "numpy" and name.asname not in (None, "np")):
                    found.append(f"{node.lineno}: {name.name} under another name")
                else:
                    check(node.lineno, name.name, [])
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                found.append(f"{node.lineno}: imports by a relative name")
            else:
                check(node.lineno, node.module or "", [name.name for name in node.names])
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {
            f"{np}.{name}" for name in NUMPYS for np in ("np", "numpy")
        }:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used: set[ast.Name] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in whole:
            used.add(node.value)
            check(node.lineno, node.value.id, [node.attr])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in whole and node not in used:
            found.append(f"{node.lineno}: {node.id} as a whole")
        if isinstance(node, ast.Name) and node.id in IMPURE - bound:
            found.append(f"{node.lineno}: {node.id}()")
        if isinstance(node, ast.Call) and not node.args and ast.unparse(node.func).split(".")[-1] == "Random":
            found.append(f"{node.lineno}: a seed from the system")
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global):
            found.append(f"{node.lineno}: {type(node).__name__}")
    return found


MODULES = sorted(path for folder in PURE for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_of_a_core_is_pure(path: Path) -> None:
    folder = next(folder for folder in PURE if path.is_relative_to(ROOT / folder))
    found = {
        text.split(": ", 1)[1] for text in complaints(path.read_text(), "dcos_runtime." + folder.replace("/", "."))
    }
    assert found == EXCEPTIONS.get(str(path.relative_to(ROOT)), set())


@pytest.mark.parametrize(("folder", "name"), [("universe", NAMES), ("", URLS)])
def test_what_cores_share_with_others_is_pure(folder: str, name: str) -> None:
    path = ROOT.parent / folder / Path(*name.split(".")).with_suffix(".py")
    assert complaints(path.read_text(), name) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import asyncio",
        "from pathlib import Path",
        "import time",
        "import random\nx = random.random()",
        "from random import choice",
        "import random as r",
        "import random\nr = random",
        "import logging\nlog = logging.getLogger('x')",
        "import os.path",
        "from dcos_runtime.agent.shell import AgentShell",
        "from dcos_runtime.agent import shell",
        "from dcos_runtime import running",
        "from . import model",
        "import importlib",
        "def f():\n    import socket",
        "x = open('f')",
        "f = print",
        "x = hash('a')",
        "async def f(): pass",
        "import numpy as np\nx = np.random.default_rng()",
        "from numpy import random",
        "import numpy.random",
        "import numpy\nx = numpy.random.default_rng()",
        "import numpy as n\nx = n.random",
        "import random\nx = random.Random()",
        "from random import Random\nx = Random()",
        "x = __builtins__['open']",
        "x = globals()['__builtins__']",
    ],
)
def test_what_is_impure_is_seen(source: str) -> None:
    assert complaints(source, "dcos_runtime.agent.core")


@pytest.mark.parametrize(
    "source",
    [
        "import random\nx = random.Random(b'seed')",
        "import logging\nx = logging.INFO",
        "from dcos_runtime.agent.core import events",
        "from dcos_runtime.wire import codec",
        "import dcos_runtime.core.frozen",
        "from collections.abc import Mapping",
        "import numpy as np\nx = np.zeros(3)",
    ],
)
def test_what_is_pure_is_let_through(source: str) -> None:
    assert complaints(source, "dcos_runtime.agent.core") == []
