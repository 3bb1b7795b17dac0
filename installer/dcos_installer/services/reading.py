"""Reads ``service.yml`` with the line of every value, so that all problems are reported with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.constructor import SafeConstructor

from dcos_installer.config.problems import Problem
from dcos_installer.errors import InstallerError
from dcos_installer.services.descriptor import Service
from dcos_runtime.counting import counted

FILE = "service.yml"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C, where PyYAML has it."""

Where = tuple[str | int, ...]
"""The path to a value: ``("ports", "plain", "number")``."""


class DescriptorsInvalid(InstallerError):
    """Descriptors cannot be used. ``problems`` lists every reason with its file and line."""

    evidence_title = "problems:"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = counted(len(self.problems), "problem")
        super().__init__(
            f"the services' descriptors have {count}",
            hint="correct what is listed; docs/services.md explains each key",
            evidence="\n".join(str(problem) for problem in self.problems),
        )


class Described:
    """One descriptor as it was read: the service, None if it cannot be used; and the line of each of its values."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.service: Service | None = None
        self.problems: list[Problem] = []
        self._lines: dict[Where, int] = {}
        self._read()

    def line(self, *where: str | int) -> int:
        """The line of that value, or of its nearest parent that exists."""
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where, 1)

    def problem(self, message: str, remedy: str, *where: str | int) -> Problem:
        return Problem(self.path, self.line(*where), message, remedy)

    def _read(self) -> None:
        try:
            node = yaml.compose(self.path.read_text(), Loader=_LOADER)
        except FileNotFoundError:
            self._refuse(1, "it is not there", f"a role has a {FILE} that says what its service is to the others")
            return
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(1, f"it cannot be read: {error}", "restore it")
            return
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self._refuse(line, f"it is no YAML: {error.problem}", "correct the line or the one before it")
            return
        if not isinstance(node, yaml.MappingNode):
            self._refuse(1, "it holds no keys", "write one key a line, as in the other roles")
            return
        value = self._value(node, ())
        if self.problems:
            return
        if "name" in value:
            self._refuse(self.line("name"), "the key name is not for a file", "a service is called as its folder")
            return
        try:
            # JSON's rules, because YAML has no tuples either: a list is one, and a text is no number.
            self.service = Service.model_validate({"name": self.path.parent.name, **_frozen(value)})
        except ValidationError as error:
            for found in error.errors(include_url=False, include_context=False):
                where = _place(found["loc"], value)
                self.problems.append(self.problem(*_message(found, where), *where))

    def _refuse(self, line: int, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.path, line, message, remedy))

    def _value(self, node: yaml.Node, where: Where) -> Any:
        self._lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key, value in node.value:
                name = str(key.value)
                line = key.start_mark.line + 1
                if name in found:
                    first = self.line(*where, name)
                    self._refuse(line, f"the key {name} is there twice", f"remove this one or the one in line {first}")
                    continue
                self._lines[(*where, name)] = line
                found[name] = self._value(value, (*where, name))
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*where, number)) for number, item in enumerate(node.value)]
        return SafeConstructor().construct_object(node)


def _frozen(value: Any) -> Any:
    """Converts lists to the tuples of a frozen model."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _place(loc: Sequence[str | int], value: Any) -> Where:
    """A problem's place in the file: pydantic adds the tag of a union, which is no key there."""
    found: list[str | int] = []
    for part in loc:
        known = part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value))
        if known:
            value = value[part]
        elif part != loc[-1]:
            continue
        found.append(part)
    return tuple(found)


def _message(found: Any, where: Where) -> tuple[str, str]:
    name = ".".join(str(part) for part in where) or "it"
    match found["type"]:
        case "extra_forbidden":
            return f"there is no key {name}", "remove it; docs/services.md lists all"
        case "missing":
            return f"the key {name} is missing", "add it; docs/services.md says what it is"
        case "value_error":
            return f"{name}: {found['msg'].removeprefix('Value error, ')}", "write it as docs/services.md says"
    return f"{name}: {found['msg'][:1].lower()}{found['msg'][1:]}", "write it as docs/services.md says"
