"""All variables of an inventory: the shared ones, and those of each kind of provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dcos_installer.config.variables import ANSIBLE_VARIABLES, BY_PROVIDER, VARIABLES, Variable
from dcos_installer.providers.declaration import Declaration
from dcos_installer.providers.registry import declarations


def variables() -> Mapping[str, Variable]:
    """All variables by name, as docs/inventory.md lists them."""
    kinds = declarations()
    first, *rest = VARIABLES
    own = [variable for kind in kinds.values() for variable in kind.variables]
    return {variable.name: variable for variable in (first, _provider(kinds), *rest, *own)}


def only_with(name: str) -> tuple[str, ...]:
    """The providers that know the variable, if not all do; empty: all of them."""
    return tuple(
        kind.name for kind in declarations().values() if any(variable.name == name for variable in kind.variables)
    )


def table() -> str:
    """The variables as a Markdown table for docs/inventory.md, which `tests.support.generated` writes."""
    kinds = declarations()
    lines = ["| variable | where | default | what it says |", "| --- | --- | --- | --- |"]
    where = {"cluster": "`[all:vars]`", "host": "anywhere", "agent": "agents"}
    for variable in variables().values():
        said = [variable.help, *_notes(kinds, variable)]
        if only := only_with(variable.name):
            said.append(f"Only with {', '.join(only)}.")
        said.append(f"Example: `{variable.example}`.")
        lines.append(
            f"| `{variable.name}` | {where[variable.scope]} | {_default(kinds, variable)} | {' '.join(said)} |"
        )
    for name, help in ANSIBLE_VARIABLES.items():
        heeded = [f"`{kind.name}`" for kind in kinds.values() if name in kind.ansible_variables]
        condition = f" Only with {', '.join(heeded)}." if name != "ansible_host" else ""
        lines.append(f"| `{name}` | anywhere | | {help}{condition} |")
    return "\n".join(lines) + "\n"


def _provider(kinds: Mapping[str, Declaration]) -> Variable:
    def parse(text: str) -> str:
        if text not in kinds:
            *others, last = (f"{kind.name} ({kind.summary})" for kind in kinds.values())
            raise ValueError(f"one of {', '.join(others)} and {last}" if others else last)
        return text

    (usual,) = (kind.name for kind in kinds.values() if kind.is_default)
    listed = ", ".join(f"`{kind.name}`, {kind.summary}" for kind in kinds.values())
    example = next((name for name in kinds if name != usual), usual)
    return Variable(
        "dcos_provider",
        "cluster",
        parse,
        usual,
        f"Where machines come from: {listed}.",
        f"dcos_provider={example}",
        fixed=True,
    )


def _default(kinds: Mapping[str, Declaration], variable: Variable) -> str:
    if variable.default != BY_PROVIDER:
        return variable.default
    saying = [kind for kind in kinds.values() if variable.name in kind.defaults]
    return "; ".join(f"{kind.defaults[variable.name].text} ({kind.name})" for kind in saying)


def _notes(kinds: Mapping[str, Declaration], variable: Variable) -> Iterator[str]:
    for kind in kinds.values():
        if variable.name in kind.defaults and kind.defaults[variable.name].note:
            yield kind.defaults[variable.name].note
