"""The message types: a msgspec struct for each message, with fields and nesting as in the `.proto` file."""

from __future__ import annotations

from collections.abc import Iterator

from dcos_runtime.wire.generator.notation import NOTE
from dcos_runtime.wire.generator.schema import UNKNOWN, Enum, Field, Message, Module, NotSupported

_TYPES = {
    **{"string": "str", "bytes": "bytes", "double": "float", "bool": "bool"},
    **{"int32": "base.Int32", "int64": "base.Int64", "uint32": "base.UInt32", "uint64": "base.UInt64"},
}


def render(module: Module) -> str:
    """The module's text."""
    used = {one.of.module: set[str]() for message in module.walk() for one in message.fields if one.of is not None}
    for message in module.walk():
        for one in message.fields:
            if one.of is not None:
                used[one.of.module].add(one.of.path.partition(".")[0])
    used.pop(module.name, None)
    lines = [
        f'"""{module.title}',
        "",
        NOTE.format(name=module.name),
        '"""',
        "",
        "from __future__ import annotations",
        "",
    ]
    lines += ["from dcos_runtime.wire import base"]
    for name, imported in sorted(used.items()):
        lines += [f"from dcos_runtime.wire.{name} import (", *(f"    {one}," for one in _sorted(imported)), ")"]
    for message in module.messages:
        lines += ["", "", *_message(message)]
    for enum in module.enums:
        lines += ["", "", *_enum(enum)]
    return "\n".join(lines) + "\n"


def _sorted(names: set[str]) -> list[str]:
    """As ruff sorts what is imported: constants, classes."""
    return sorted(names, key=lambda name: (not name.isupper(), name))


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {line}" if line else line


def _enum(enum: Enum) -> list[str]:
    return [
        f"class {enum.path.rpartition('.')[2]}(base.{'ExplicitUnknown' if enum.explicit_unknown else 'Enum'}):",
        *_indented([f'{name} = "{name}"' for name in enum.names]),
    ]


def _message(message: Message) -> list[str]:
    enums = [one for one in message.fields if one.kind == "enum" and one.singular]
    lines = [f"class {message.name}(base.Message, frozen=True, kw_only=True):"]
    body: list[str] = []
    for inner in message.enums:
        body += [*_enum(inner), ""]
    for nested in message.messages:
        body += [*_message(nested), ""]
    body += [_declaration(one) for one in message.fields]
    wide = [one for one in message.fields if one.kind == "uint64"]
    if enums or wide:
        body += ["", "def __post_init__(self) -> None:"]
        for one in message.fields:
            if one.kind == "enum" and one.enum.explicit_unknown and one.label != "optional":
                raise NotSupported(f"{message.path}.{one.name}: a field with an explicit UNKNOWN has to be optional")
        for one in enums:
            name = f"self.{one.name}"
            if one.enum.explicit_unknown:
                body.append(f"    if {name} is not None and not {name}._value_:")
                body.append(f'        base.absent(self, "{one.name}")')
                continue
            given = f"{name} is not None and " if one.label == "optional" else ""
            body.append(f'    if {given}{name}._value_ == "{UNKNOWN}":')
            body.append(
                f'        base.absent(self, "{one.name}")'
                if one.label == "optional"
                else f'        base.expect("{one.name}")'
            )
        for one in wide:
            if one.label == "repeated" or one.key is not None:
                raise NotSupported(f"{message.path}.{one.name}: numbers of 64 bits without sign are no lists")
            given = f"self.{one.name} is not None and " if one.label == "optional" else ""
            body += [f"    if {given}self.{one.name} > base.UINT64:", f'        base.too_large("{one.name}")']
    while body and not body[-1]:
        body.pop()
    return [*lines, *_indented(body or ["pass"])]


def _declaration(one: Field) -> str:
    kind = one.of.path if one.of is not None else _TYPES[one.kind]
    default = f"  # default {one.default}" if one.default else ""
    if one.key is not None:
        return f"{one.name}: dict[str, {kind}] = {{}}"
    if one.label == "repeated":
        return f"{one.name}: list[{kind}] = []"
    if one.label == "required":
        return f"{one.name}: {kind}{default}"
    return f"{one.name}: {kind} | None = None{default}"
