"""The protobuf codecs: two functions for each message (`writing`, `reading`), and tables for what nobody writes."""

from __future__ import annotations

import re

from dcos_runtime.wire.generator.notation import NOTE, alias
from dcos_runtime.wire.generator.reading import decoder
from dcos_runtime.wire.generator.schema import Enum, Field, Message, Module, NotSupported
from dcos_runtime.wire.generator.writing import encoder, written_there

_WIDTH = 120
_READING = frozenset(
    (
        *("DEPTH", "Absent", "Again", "Codec", "Malformed", "Shape", "double", "entry", "int32", "length", "numbers"),
        *("signed", "text", "uint32", "unknown", "varint"),
    )
)
_WRITING = frozenset(
    (
        *("SHORT", "heads", "int32_text", "numbered", "packed", "pair", "sized", "uint32_text", "utf8", "varint_text"),
        "wrapped",
    )
)


def render(module: Module) -> str:
    """The module's text."""
    messages = list(module.walk())
    enums = [*module.enums, *(enum for message in messages for enum in message.enums)]
    body: list[str] = []
    for message in messages:
        body += ["", "", *encoder(message), "", "", *decoder(message)]
    body += ["", "", *shapes(messages)]
    body += ["", "", "CODECS: dict[type, Codec] = {"]
    body += [f'    {alias(one)}: (e_{alias(one)}, d_{alias(one)}, "{alias(one)}", shapes),' for one in messages]
    body += ["}"]
    words = set(re.findall(r"\w+", "\n".join(body))) | ({"numbered"} if enums else set())
    tables = sorted(word for word in words if re.fullmatch(r"[TW]_[0-9a-f]+", word))
    words |= {"heads" if name[0] == "T" else "wrapped" for name in tables}
    head = [f'"""Protobuf codecs. {module.title}', "", NOTE.format(name=module.name), '"""', ""]
    head += [
        "",
        "",
        "from __future__ import annotations",
        "",
        "from functools import cache",
        "",
    ]
    head += [f"from dcos_runtime.wire import {module.name} as structs"]
    imports = {
        "_reading": sorted(_READING & words - ({"text"} if ", text)" not in "".join(body) else set())),
        "_writing": sorted(_WRITING & words),
    }
    for foreign in _foreign(module).values():
        imports.setdefault(foreign.module, []).extend(_taken(foreign, words))
    for name, taken in sorted(imports.items()):
        if taken:
            head.append(f"from dcos_runtime.wire.protobuf.{name} import {', '.join(sorted(taken, key=_as_ruff))}")
    head.append("")
    head += [f"{alias(message)} = structs.{message.path}" for message in messages]
    head += [f"{alias(enum)} = structs.{enum.path}" for enum in enums]
    head += [_table(enum) for enum in enums]
    head += [f"{name} = {'heads' if name[0] == 'T' else 'wrapped'}({_quoted(name)})" for name in tables]
    long = [line for line in (*head, *body) if len(line) > _WIDTH]
    over = (["E501"] if long else [], ["I001"] if any(line.startswith("from ") for line in long) else [])
    head[5] = f"# ruff: noqa: {', '.join((*over[0], 'E701', 'E702', *over[1]))}"
    return "\n".join([*head, *body]) + "\n"


def _as_ruff(name: str) -> tuple[int, str]:
    """As ruff sorts what is imported: constants, classes, the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def _foreign(module: Module) -> dict[str, Message | Enum]:
    """What is declared in other modules and used here, by its alias."""
    found: dict[str, Message | Enum] = {}
    own = {alias(message) for message in module.walk()}
    own |= {alias(enum) for message in module.walk() for enum in message.enums}
    for message in module.walk():
        within = [one.message for one in message.fields if written_there(one)]
        for one in (*message.fields, *(one for small in within for one in small.fields)):
            if one.of is None or one.of.module == module.name:
                continue
            name = alias(one.of)
            if name in own or found.setdefault(name, one.of) is not one.of:
                raise NotSupported(f"{module.name} uses {name} of {one.of.module}, and another has that name there")
    return found


def _taken(one: Message | Enum, words: set[str]) -> list[str]:
    name = alias(one)
    return sorted({f"e_{name}", f"d_{name}", f"t_{name}", name} & words, key=_as_ruff)


def _table(enum: Enum) -> str:
    numbers = ", ".join(f'"{name}": {number}' for name, number in enum.numbers.items())
    return f"t_{alias(enum)} = numbered({alias(enum)}, {{{numbers}}})"


def _quoted(table: str) -> str:
    return "'" + "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(table[2:])) + "'"


# --- the slow way ----------------------------------------------------------------------------------------------------


def shapes(messages: list[Message]) -> list[str]:
    lines = ["@cache", "def shapes() -> dict[str, Shape]:", "    return {"]
    for message in messages:
        inner = [one for one in message.fields if one.kind == "message"]
        if inner:
            lines += [f'        "{alias(message)}": {{', *(f"            {_shape(message, one)}," for one in inner)]
            lines += ["        },"]
        for one in inner:
            if one.key is not None:
                lines.append(f'        "{alias(message)}.{one.name}": {{18: (True, "{_shape_of(one.message)}", ())}},')
    return [*lines, "    }"]


def _shape_of(message: Message) -> str:
    return f"{message.module}.{alias(message)}"


def _shape(message: Message, one: Field) -> str:
    name = f"{message.module}.{alias(message)}.{one.name}" if one.key is not None else _shape_of(one.message)
    others = [f"{other.tag}" for other in message.fields if one.oneof and other.oneof == one.oneof and other is not one]
    return f'{one.tag}: ({one.singular}, "{name}", ({"".join(f"{other}, " for other in others).strip()}))'
