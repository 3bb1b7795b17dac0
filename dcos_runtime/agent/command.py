"""What a task's CommandInfo executes, and whether it can be executed; checked before anything is created. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dcos_runtime.wire.common import CommandInfo

SHELL = ("/bin/sh", "-c")
MOST_STRINGS = 4096
"""The most arguments and variables together. The kernel allows more, but an OCI runtime would take a minute for them.
"""

LARGEST_TOTAL = 6 << 20
SMALLEST_TOTAL = 128 << 10
WRAPPING = 8 << 10
"""Room for what a launcher puts in front of a command, and for the kernel's own."""


@dataclass(frozen=True)
class Command:
    """``program`` is what is executed when it is not ``argv[0]``."""

    argv: tuple[str, ...]
    program: str | None = None


@dataclass(frozen=True)
class ExecLimits:
    """What one execve(2) takes: bytes of one string with its NUL, and of all together with a pointer each."""

    string: int
    total: int

    @classmethod
    def here(cls, page: int, stack: int) -> ExecLimits:
        """By the size of a page and the soft limit of the stack in bytes, negative for none."""
        quarter = LARGEST_TOTAL if stack < 0 else stack // 4
        return cls(string=32 * page, total=max(min(LARGEST_TOTAL, quarter), SMALLEST_TOTAL) - WRAPPING)


def command_of(command: CommandInfo) -> Command:
    """A shell for ``shell`` (the default), else ``value`` with exactly ``arguments``, argument 0 included."""
    value = command.value or ""
    if command.shell is not False:
        return Command((*SHELL, value))
    if not command.arguments:
        return Command((value,))
    return Command(tuple(command.arguments), None if command.arguments[0] == value else value)


def not_executable(command: Command, environment: Mapping[str, str], room: ExecLimits) -> str | None:
    """Why this cannot be executed, with names and sizes but without values; or ``None``."""
    if not command.argv[0]:
        what = "the command is empty" if command.program is None else "argument 0 is empty"
        return f"{what}, and many programs fail without a name; give it one: arguments[0] is what a program is called"
    if (count := len(command.argv) + len(environment)) > MOST_STRINGS:
        return (
            f"the command has {len(command.argv)} arguments and {len(environment)} variables in its environment, and"
            f" this agent executes nothing with more than {MOST_STRINGS} together ({count - MOST_STRINGS} fewer); put"
            " them into a file and have that fetched"
        )
    arguments = {_named(index, command): text for index, text in enumerate(command.argv)}
    if command.program is not None:
        arguments["the path of the program"] = command.program
    variables = {f"the environment variable {name}": f"{name}={value}" for name, value in environment.items()}
    sizes = {name: len(os.fsencode(text)) + 1 for name, text in (arguments | variables).items()}
    for name, size in sizes.items():
        if size > room.string:
            return (
                f"{name} takes {size} bytes, and the kernel executes nothing with a string of more than {room.string};"
                " put it into a file and have that fetched"
            )
    total = sum(sizes.values()) + 8 * len(sizes)
    if total > room.total:
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        return (
            f"the command's arguments and environment take {total} bytes together, and the kernel executes nothing with"
            f" more than {room.total} here (a quarter of the stack's limit). The largest:"
            f" {', '.join(f'{name} ({sizes[name]})' for name in largest)}. Put them into files and have those fetched"
        )
    return None


def _named(index: int, command: Command) -> str:
    return "the shell command" if command.argv[:2] == SHELL and index == len(SHELL) else f"argument {index}"
