"""Reads Ansible INI inventories and keeps the line of every value, so that each problem names its line.

The grammar is Ansible's own (host patterns with ranges, ``[group]``, ``[group:vars]``, ``[group:children]``, group
precedence by depth and name), without its guessing: text that Ansible would silently interpret in another way is a
problem.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dcos_installer.config.problems import InventoryInvalid, Problem

MAX_HOSTS = 20_000
_MAX_BYTES = 16 << 20
_MAX_DIGITS = 9
_RANGE = re.compile(r"\[(?:(\d+):(\d+)|([a-z]):([a-z])|([A-Z]):([A-Z]))(?::(\d+))?\]")
_SECTION = re.compile(r"\[([^:\[\]\s]+)(?::([^\]\s]*))?\]\s*(?:[#;].*)?")
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Value:
    """A variable's text and where it was set. ``group`` is empty when it was set on the host itself."""

    text: str
    line: int
    group: str = ""


@dataclass
class InventoryGroup:
    """One group as the file has it. ``hosts`` and ``children`` map names to the line that lists them."""

    name: str
    line: int
    declared: bool = False
    hosts: dict[str, int] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)


@dataclass
class Inventory:
    """An inventory's hosts and groups with their lines, and the problems met while reading them."""

    path: Path
    groups: dict[str, InventoryGroup] = field(default_factory=dict)
    hosts: dict[str, int] = field(default_factory=dict)
    host_variables: dict[str, dict[str, Value]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    last_line: int = 1
    _groups_by_host: dict[str, list[str]] | None = None

    def problem(self, line: int, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.path, max(line, 1), message, remedy))

    def members(self, group: str) -> dict[str, int]:
        """The group's hosts, its children's too, each with the line that lists it."""
        found: dict[str, int] = {}
        for name in self._below(group):
            for host, line in self.groups[name].hosts.items():
                found.setdefault(host, line)
        return found

    def variables(self, host: str) -> dict[str, Value]:
        """The variables of a host, with Ansible's precedence: ``all`` < parent groups < child groups < the host's
        own.
        """
        merged: dict[str, Value] = {}
        for group in self._groups_of(host):
            merged.update(self.groups[group].variables)
        merged.update(self.host_variables.get(host, {}))
        return merged

    def _groups_of(self, host: str) -> list[str]:
        if self._groups_by_host is None:
            self._groups_by_host = {}
            depth = self._depths()
            for name in sorted(self.groups, key=lambda name: (depth[name], name)):
                for member in self.hosts if name == "all" else self.members(name):
                    self._groups_by_host.setdefault(member, []).append(name)
        return self._groups_by_host.get(host, [])

    def _below(self, group: str) -> list[str]:
        seen: dict[str, None] = {}
        todo = [group]
        while todo:
            name = todo.pop()
            if name in self.groups and name not in seen:
                seen[name] = None
                todo += self.groups[name].children
        return list(seen)

    def _depths(self) -> dict[str, int]:
        depth = dict.fromkeys(self.groups, 1) | {"all": 0}
        for _ in self.groups:  # a chain is at most as long as there are groups; cycles are problems of their own
            changed = False
            for name, group in self.groups.items():
                for child in group.children:
                    if child in depth and name != "all" and depth[child] < depth[name] + 1 <= len(self.groups) + 1:
                        depth[child] = depth[name] + 1
                        changed = True
            if not changed:
                break
        return depth


def read(path: Path) -> Inventory:
    """The inventory at ``path``. Problems of grammar are in its ``problems``.

    Raises `InventoryInvalid` when the file is missing, unreadable, binary or empty.
    """
    return parse(path, _text(path))


def parse(path: Path, text: str) -> Inventory:
    """The inventory in ``text``; ``path`` is only for messages."""
    inventory = Inventory(path)
    inventory.groups["all"] = InventoryGroup("all", 1, declared=True)
    inventory.groups["ungrouped"] = InventoryGroup("ungrouped", 1, declared=True)
    section, kind = "ungrouped", "hosts"
    # Not splitlines(): it also splits at form feeds and Unicode separators, and editors count lines by newlines.
    lines = text.split("\n")
    inventory.last_line = max(1, len(lines) - (lines[-1] == ""))
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and not _RANGE.match(line):
            header = _header(inventory, line, number)
            if header is None:
                section, kind = "", "skip"
                continue
            section, kind = header
        elif kind == "hosts":
            _host_line(inventory, section, line, number)
        elif kind == "vars":
            _variable_line(inventory, section, line, number)
        elif kind == "children":
            _child_line(inventory, section, line, number)
    _check_groups(inventory)
    return inventory


def _text(path: Path) -> str:
    def refuse(message: str, remedy: str) -> InventoryInvalid:
        return InventoryInvalid(path, [Problem(path, 1, message, remedy)])

    if not str(path.absolute()).isprintable():
        raise refuse("its path holds characters that cannot be shown", "rename the file, or the folder it is in")
    try:
        if path.is_dir():
            raise refuse("this is a directory", "name the inventory file itself")
        if path.exists() and not path.is_file():
            raise refuse("this is no regular file (a pipe or a device)", "write the inventory to a file and name that")
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse("there is no such file", "check the path; inventories/local.ini is an example") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse(f"the file cannot be read: {why}", "check its permissions") from error
    if len(data) > _MAX_BYTES:
        raise refuse("the file is larger than 16 MiB", "name an Ansible INI inventory")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("the file is saved as UTF-16", "save it as UTF-8")
    if b"\0" in data:
        raise refuse("the file is binary, not text", "name an Ansible INI inventory")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InventoryInvalid(path, [Problem(path, line, "the text is not UTF-8", "save the file as UTF-8")]) from None
    if not text.strip():
        raise refuse("the inventory is empty", "start from inventories/local.ini")
    first = next((line.strip() for line in text.split("\n") if line.strip() and line.strip()[0] not in "#;"), "")
    if re.match(r"---|\{|[\w.-]+:$", first):
        raise refuse(
            "this looks like YAML or JSON", "write the inventory in Ansible's INI form, as inventories/local.ini"
        )
    return text


def _header(inventory: Inventory, line: str, number: int) -> tuple[str, str] | None:
    match = _SECTION.fullmatch(line)
    if not match:
        inventory.problem(
            number,
            f"{_short(line)} is no section",
            "write [group], [group:vars] or [group:children] on a line of its own",
        )
        return None
    name, kind = match[1], match[2] or "hosts"
    if match[2] is not None and kind not in ("vars", "children", "hosts"):
        inventory.problem(number, f"[{name}:{kind}] is no kind of section", f"use [{name}:vars] or [{name}:children]")
        return None
    group = inventory.groups.setdefault(name, InventoryGroup(name, number))
    if kind != "vars" and not group.declared:
        group.declared, group.line = True, number
    return name, kind


def _host_line(inventory: Inventory, section: str, line: str, number: int) -> None:
    words = _words(inventory, line, number)
    if not words:
        return
    if "=" in words[0]:
        inventory.problem(
            number,
            f"{_short(words[0])} is a variable where a host is expected",
            f"put variables in [{section}:vars], or after the host's name"
            if section != "ungrouped"
            else "put variables for all hosts in [all:vars]",
        )
        return
    if any(word[:1] == "=" or word[-1:] == "=" for word in words[1:]):
        inventory.problem(
            number, "there are spaces around =", "write key=value without spaces, quotes around the value"
        )
        return
    variables: dict[str, Value] = {}
    for word in words[1:]:
        key, equals, text = word.partition("=")
        if not equals:
            inventory.problem(
                number,
                f"{_short(word)} is neither a host nor key=value",
                "one host a line, then key=value without spaces",
            )
        elif _good_name(inventory, key, number):
            if key in variables:
                inventory.problem(number, f"{key} is set twice on this line", "keep one")
            variables[key] = Value(_unquoted(text), number)
    for name, port in _expand(inventory, words[0], number):
        _add_host(inventory, section, name, number, variables | ({"ansible_port": Value(port, number)} if port else {}))


def _words(inventory: Inventory, line: str, number: int) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        return list(lexer)
    except ValueError as error:
        inventory.problem(number, f"the quotes do not match: {error}", "close every quote on the line where it opens")
        return []


def _add_host(inventory: Inventory, section: str, name: str, number: int, variables: dict[str, Value]) -> None:
    group = inventory.groups[section]
    if name in group.hosts:
        inventory.problem(
            number, f"host {name} is listed twice, first on line {group.hosts[name]}", "keep one of the two lines"
        )
        return
    group.hosts[name] = number
    inventory.hosts.setdefault(name, number)
    known = inventory.host_variables.setdefault(name, {})
    for key, value in variables.items():
        if key in known and known[key].text != value.text:
            inventory.problem(
                number,
                f"host {name} gets another {key} here than on line {known[key].line}",
                "set a host's variables on one line only",
            )
        known[key] = value


def _expand(inventory: Inventory, pattern: str, number: int) -> Iterator[tuple[str, str]]:
    """Each host that ``pattern`` names, with the port written after it."""
    port = ""
    if match := re.fullmatch(r"(.*[^:]):(\d+)", pattern):
        pattern, port = match[1], match[2]
    names = [""]
    position = 0
    for match in _RANGE.finditer(pattern):
        literal = pattern[position : match.start()]
        if match[1] and max(len(match[1]), len(match[2])) > _MAX_DIGITS:
            inventory.problem(
                number,
                f"the range {_short(match[0])} counts with more than {_MAX_DIGITS} digits",
                f"write a smaller range: a cluster has {MAX_HOSTS} hosts at most",
            )
            return
        choices = _choices(match)
        if not choices:
            inventory.problem(number, f"the range {match[0]} is empty", "write it upwards: [1:3], [a:c]")
            return
        if len(names) * len(choices) + len(inventory.hosts) > MAX_HOSTS:
            inventory.problem(
                number, f"the range {match[0]} makes more than {MAX_HOSTS} hosts", "write a smaller range"
            )
            return
        names = [f"{name}{literal}{choice}" for name in names for choice in choices]
        position = match.end()
    if len(inventory.hosts) >= MAX_HOSTS:
        inventory.problem(number, f"there are more than {MAX_HOSTS} hosts", "split the cluster")
        return
    for name in names:
        yield name + pattern[position:], port


def _choices(match: re.Match[str]) -> list[str]:
    step = int(match[7][:6]) if match[7] else 1
    if step == 0:
        return []
    if match[1]:
        width = len(match[1]) if match[1].startswith("0") and len(match[1]) > 1 else 0
        numbers = range(int(match[1]), int(match[2]) + 1, step)
        return [str(number).zfill(width) for number in numbers[: MAX_HOSTS + 1]]
    first, last = (match[3], match[4]) if match[3] else (match[5], match[6])
    return [chr(code) for code in range(ord(first), ord(last) + 1, step)]


def _variable_line(inventory: Inventory, section: str, line: str, number: int) -> None:
    key, equals, text = (part.strip() for part in line.partition("="))
    if not equals:
        inventory.problem(number, f"{_short(line)} is no variable", f"write key=value in [{section}:vars]")
        return
    if not _good_name(inventory, key, number):
        return
    if text[:1] not in ("'", '"') and re.search(r"\s[#;]", text):
        inventory.problem(
            number, f"the comment after {key} would be part of its value", "put the comment on a line of its own"
        )
        return
    variables = inventory.groups[section].variables
    if key in variables:
        inventory.problem(
            number, f"{key} is set twice in [{section}:vars], first on line {variables[key].line}", "keep one"
        )
        return
    variables[key] = Value(_unquoted(text), number, section)


def _child_line(inventory: Inventory, section: str, line: str, number: int) -> None:
    name = line.split("#")[0].strip()
    if not re.fullmatch(r"[^:\[\]\s=]+", name):
        inventory.problem(
            number, f"{_short(name)} is no group's name", f"list one group a line in [{section}:children]"
        )
        return
    inventory.groups[section].children.setdefault(name, number)


def _check_groups(inventory: Inventory) -> None:
    for group in list(inventory.groups.values()):
        if not group.declared:
            inventory.problem(
                group.line,
                f"[{group.name}:vars] is for a group that has no hosts",
                f"add [{group.name}] with its hosts, or remove the section",
            )
        for child, line in group.children.items():
            if child not in inventory.groups or not inventory.groups[child].declared:
                inventory.problem(line, f"there is no group {_short(child)}", f"add [{child}] or remove it here")
            elif group.name in inventory._below(child):
                inventory.problem(
                    line, f"group {group.name} is its own descendant through {child}", "remove one of the two"
                )


def _good_name(inventory: Inventory, key: str, number: int) -> bool:
    if _VARIABLE.fullmatch(key):
        return True
    inventory.problem(number, f"{_short(key)} is no name for a variable", "use letters, digits and underscores")
    return False


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text


def _short(text: str) -> str:
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return repr(printable if len(printable) <= 40 else printable[:37] + "...")
