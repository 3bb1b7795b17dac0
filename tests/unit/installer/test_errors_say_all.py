"""What an operator can see as an error says what happened, why (or what was seen), and what to do: at every place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import dcos_installer

HOME = Path(dcos_installer.__file__).parent
OF_MANY = {"HostsFailed", "StepFailed", "InventoryInvalid", "PreflightFailed", "DescriptorsInvalid"}
"""These put together what others say; each of those says all."""
SEEN = {"NotWell", "Alone"}
"""What a daemon answered, once: whoever waits for it says why that matters, and what to do (`health.wait_until`)."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(HOME.rglob("*.py")):
        if not path.is_relative_to(HOME / "ansible" / "host"):  # it runs on machines, with errors of its own
            yield path, ast.parse(path.read_text())


def kinds() -> set[str]:
    """The names of `InstallerError` and of all that are made of it."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"InstallerError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def test_every_error_is_made_with_a_reason_and_a_remedy() -> None:
    wanted = kinds() - OF_MANY - SEEN
    assert {"InstallerError", "ProviderError", "StateError", "ProcessFailed"} <= wanted
    silent, made = [], 0
    for path, tree in sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in wanted):
                continue
            made += 1
            said = {keyword.arg for keyword in node.keywords}
            if None not in said and not ("hint" in said and said & {"why", "evidence"}):
                silent.append(f"{path.relative_to(HOME)}:{node.lineno}: {node.func.id}")
    assert silent == []
    assert made > 80, "this looks at calls, and there are many"
