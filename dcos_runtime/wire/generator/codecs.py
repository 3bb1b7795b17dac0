"""The protobuf codecs: two functions for each message, straight between its struct and bytes.

``e_X`` writes an ``X``; ``d_X`` reads one from a slice of the bytes. A slice is not held to its end on the way, which
would cost most on what is well: at its end everything has to have ended there.
"""

from __future__ import annotations

import re

from dcos_runtime.wire.generator.schema import UNKNOWN, Enum, Field, Message, Module, NotSupported

NOTE = "Made by `python -m dcos_runtime.wire.generator` from `wire/proto/{name}.proto`; change that, and make it anew."
_LINEAR = 6
"""So many tags are looked through one by one; more are halved first."""
_READERS = {
    "int64": "int64",
    "uint64": "varint",
    "int32": "int32",
    "uint32": "uint32",
    "enum": "int32",
    "bool": "varint",
}
_WRITERS = {"int32": "int32_bytes", "uint32": "uint32_bytes"}
_TYPES = {"string": "str", "bytes": "bytes", "double": "float", "bool": "bool"}
_HELPERS = (
    *("DEPTH", "SHORT", "Absent", "Again", "Codec", "Refused", "Shape", "double", "entry", "int32", "int32_bytes"),
    *(
        "int64",
        "length",
        "numbered",
        "numbers",
        "packed",
        "pair",
        "skip",
        "tag",
        "text",
        "uint32",
        "uint32_bytes",
        "varint",
        "varint_bytes",
    ),
)


def alias(one: Message | Enum) -> str:
    return one.path.replace(".", "_")


def render(module: Module) -> str:
    """The module's text."""
    messages = list(module.walk())
    enums = [*module.enums, *(enum for message in messages for enum in message.enums)]
    body: list[str] = []
    for message in messages:
        body += ["", "", *_encoder(message), "", "", *_decoder(message)]
    body += ["", "", *_shapes(messages)]
    body += ["", "", "CODECS: dict[type, Codec] = {"]
    body += [f'    {alias(one)}: (e_{alias(one)}, d_{alias(one)}, "{alias(one)}", shapes),' for one in messages]
    body += ["}"]
    words = {"numbered", *re.findall(r"\w+", "\n".join(body))} - ({"numbered"} if not enums else set())
    head = [f'"""Protobuf codecs. {module.title}', "", NOTE.format(name=module.name), '"""', ""]
    head += [
        "# ruff: noqa: E501, E701, E702, I001",
        "",
        "from __future__ import annotations",
        "",
        "from functools import cache",
        "",
    ]
    head += [f"from dcos_runtime.wire import {module.name} as structs"]
    imports = {
        "_reading": sorted(set(_HELPERS) & words - {"text"} | ({"text"} if ", text)" in "".join(body) else set()))
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
        for one in message.fields:
            if one.of is None or one.of.module == module.name:
                continue
            name = alias(one.of)
            if name in own or found.setdefault(name, one.of) is not one.of:
                raise NotSupported(f"{module.name} uses {name} of {one.of.module}, and another has that name there")
    return found


def _taken(one: Message | Enum, words: set[str]) -> list[str]:
    name = alias(one)
    return sorted({f"e_{name}", f"d_{name}", f"t_{name}", name} & words, key=_as_ruff)


# --- enums -----------------------------------------------------------------------------------------------------------


def _table(enum: Enum) -> str:
    numbers = ", ".join(f'"{name}": {number}' for name, number in enum.numbers.items())
    return f"t_{alias(enum)} = numbered({alias(enum)}, {{{numbers}}})"


# --- writing ---------------------------------------------------------------------------------------------------------


def _literal(value: int) -> str:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return "b'" + "".join(f"\\x{byte:02x}" for byte in out) + "'"


def _bytes(*values: int) -> str:
    return "b'" + "".join(_literal(value)[2:-1] for value in values) + "'"


def _sized(name: str) -> str:
    return f"SHORT[{name}] if {name} < 1024 else varint_bytes({name})"


def _wrapper(message: Message) -> str:
    """The kind of its only field, when a message is no more than a text or a number that has to be there."""
    if len(message.fields) == 1 and message.fields[0].number == 1 and message.fields[0].label == "required":
        one = message.fields[0]
        if one.kind in ("string", "double"):
            return one.kind
    return ""


def _may_wrap(message: Message) -> str:
    """The same of a text that may be missing: what comes with nothing else is read as fast."""
    fields = message.fields
    one_text = (
        len(fields) == 1 and fields[0].number == 1 and fields[0].label == "optional" and fields[0].kind == "string"
    )
    return "string" if one_text else ""


def _encoder(message: Message) -> list[str]:
    name = alias(message)
    lines = [f"def e_{name}(m: {name}) -> bytes:"]
    fields = sorted(message.fields, key=lambda one: one.number)
    if not fields:
        return [*lines, "    return b''"]
    if _wrapper(message) == "double":
        return [*lines, f"    return {_literal(fields[0].tag)} + packed(m.{fields[0].name})"]
    if len(fields) == 1 and fields[0].kind == "string" and fields[0].label == "required":
        lines += [f"    s = m.{fields[0].name}.encode(); n = len(s)"]
        return [*lines, f"    return {_literal(fields[0].tag)} + ({_sized('n')}) + s"]
    lines.append("    o: list[bytes] = []")
    for one in fields:
        if one.key is not None:
            value = f"v{one.number}"
            written = f"{value}.encode()" if one.kind == "string" else f"e_{alias(one.message)}({value})"
            lines += [f"    for c, {value} in m.{one.name}.items():"]
            lines += [f"        s = pair(c, {written}); o += ({_literal(one.tag)}, varint_bytes(len(s)), s)"]
        elif one.label == "repeated":
            value = f"v{one.number}"
            lines += [f"    for {value} in m.{one.name}:", *_write(one, value, "        ")]
        elif one.label == "required":
            lines += _write(one, f"m.{one.name}", "    ")
        else:
            value = f"v{one.number}"
            lines += [f"    {value} = m.{one.name}", f"    if {value} is not None:", *_write(one, value, "        ")]
    return [*lines, "    return b''.join(o)"]


def _write(one: Field, value: str, indent: str) -> list[str]:
    tag = _literal(one.tag)
    if one.kind == "bool":
        return [f"{indent}o.append({_bytes(one.tag, 1)} if {value} else {_bytes(one.tag, 0)})"]
    if one.kind == "double":
        return [f"{indent}o += ({tag}, packed({value}))"]
    if one.kind == "enum":
        return [f"{indent}o += ({tag}, {value}.wire)"]
    if one.kind not in ("string", "bytes", "message"):
        writer = _WRITERS.get(one.kind, "varint_bytes")
        if "." not in value:
            return [f"{indent}o += ({tag}, SHORT[{value}] if 0 <= {value} < 1024 else {writer}({value}))"]
        lines = [f"{indent}i = {value}"]
        return [*lines, f"{indent}o += ({tag}, SHORT[i] if 0 <= i < 1024 else {writer}(i))"]
    if one.kind == "bytes":
        lines = [f"{indent}s = {value}"]
    elif one.kind == "string":
        lines = [f"{indent}s = {value}.encode()"]
    elif _wrapper(one.message) == "double":
        return [f"{indent}o += ({_bytes(one.tag, 9, 9)}, packed({value}.{one.message.fields[0].name}))"]
    elif _wrapper(one.message) == "string":
        lines = [f"{indent}s = {value}.{one.message.fields[0].name}.encode(); n = len(s)"]
        lines += [f"{indent}if n < 126: o += ({tag}, SHORT[n + 2], b'\\x0a', SHORT[n], s)"]
        return [*lines, f"{indent}else: s = e_{alias(one.message)}({value}); o += ({tag}, varint_bytes(len(s)), s)"]
    elif _may_wrap(one.message):
        lines = [f"{indent}x = {value}.{one.message.fields[0].name}"]
        lines += [f"{indent}if x is None: o += ({tag}, SHORT[0])", f"{indent}else:"]
        lines += [f"{indent}    s = x.encode(); n = len(s)"]
        lines += [f"{indent}    if n < 126: o += ({tag}, SHORT[n + 2], b'\\x0a', SHORT[n], s)"]
        return [*lines, f"{indent}    else: s = e_{alias(one.message)}({value}); o += ({tag}, varint_bytes(len(s)), s)"]
    else:
        lines = [f"{indent}s = e_{alias(one.message)}({value})"]
    return [*lines, f"{indent}n = len(s); o += ({tag}, {_sized('n')}, s)"]


# --- reading ---------------------------------------------------------------------------------------------------------


def _decoder(message: Message) -> list[str]:
    name = alias(message)
    depth = ", k: int = DEPTH" if message.deep else ""
    lines = [f"def d_{name}(b: bytes, i: int, e: int{depth}) -> {name}:"]
    fields = sorted(message.fields, key=lambda one: one.number)
    for one in fields:
        start = "{}" if one.key is not None else "[]" if one.label == "repeated" else "None"
        lines.append(f"    v{one.number}{_annotation(one)} = {start}")
    lines += ["    while i < e:", "        t = b[i]; i += 1"]
    if any(one.number > 15 for one in fields):
        lines += ["        if t > 127:", "            n = b[i]"]
        lines += ["            if n < 128: t += (n << 7) - 128; i += 1"]
        lines += ["            else: t, i = tag(b, i - 1)"]
    else:
        lines += ["        if t > 127: t, i = tag(b, i - 1)"]
    cases: list[tuple[int, list[str]]] = []
    for one in fields:
        others = [other for other in fields if one.oneof is not None and other.oneof == one.oneof and other is not one]
        cases += _cases(one, [f"v{other.number} = None" for other in others])
    lines += _tree(sorted(cases, key=lambda case: case[0]), "        ")
    lines += ["    if i != e: raise Refused('the end is missing')"]
    required = [one for one in fields if one.label == "required"]
    if required:
        absent = " or ".join(f"v{one.number} is None" for one in required)
        lines += [f"    if {absent}: raise Absent('{message.path}')"]
    given = ", ".join(f"{one.name}=v{one.number}" for one in message.fields)
    return [*lines, f"    return {name}({given})"]


def _annotation(one: Field) -> str:
    kind = alias(one.of) if one.of is not None else _TYPES.get(one.kind, "int")
    if one.key is not None:
        return f": dict[str, {kind}]"
    return f": list[{kind}]" if one.label == "repeated" else f": {kind} | None"


def _tree(cases: list[tuple[int, list[str]]], indent: str) -> list[str]:
    if not cases:
        return [f"{indent}i = skip(b, i, t)"]
    if len(cases) > _LINEAR:
        middle = len(cases) // 2
        return [
            *(f"{indent}if t < {cases[middle][0]}:", *_tree(cases[:middle], f"{indent}    ")),
            *(f"{indent}else:", *_tree(cases[middle:], f"{indent}    ")),
        ]
    lines: list[str] = []
    for number, (value, body) in enumerate(cases):
        lines += [f"{indent}{'elif' if number else 'if'} t == {value}:", *(f"{indent}    {line}" for line in body)]
    return [*lines, f"{indent}else:", f"{indent}    i = skip(b, i, t)"]


_LENGTH = ["n = b[i]; i += 1", "if n > 127: n, i = length(b, i - 1)", "j = i + n"]


def _cases(one: Field, clear: list[str]) -> list[tuple[int, list[str]]]:
    value = f"v{one.number}"
    if one.key is not None:
        reader = "text" if one.kind == "string" else f"d_{alias(one.message)}"
        return [(one.tag, [*_LENGTH, f"c, {value}[c] = entry(b, i, j, {reader}); i = j"])]
    if one.kind in ("string", "bytes"):
        read = f"b[i:j]{'.decode()' if one.kind == 'string' else ''}"
        return [(one.tag, [*_LENGTH, "; ".join([*_keep(one, read), "i = j", *clear])])]
    if one.kind == "message":
        return [(one.tag, [*_LENGTH, *_message(one), "; ".join(["i = j", *clear])])]
    if one.kind == "double":
        return [(one.tag, ["; ".join([*_keep(one, "double(b, i)[0]"), "i += 8", *clear])])]
    reader = _READERS[one.kind]
    lines = ["n = b[i]; i += 1", f"if n > 127: n, i = {reader}(b, i - 1)"]
    if one.kind == "enum":
        table = f"t_{alias(one.enum)}"
        if one.label == "repeated":
            keep = [f"if n in {table}:", f"    {value}.append({table}[n] or {alias(one.enum)}.{UNKNOWN})"]
            each = [f"for n in numbers(b, i, j, {reader}):", *(f"    {line}" for line in keep), "i = j"]
            return [(one.tag, [*lines, *keep]), (one.tag + 2, [*_LENGTH, *each])]
        if clear:
            return [(one.tag, [*lines, f"if n in {table}:", f"    {value} = {table}[n]", *(f"    {x}" for x in clear)])]
        return [(one.tag, [*lines, f"{value} = {table}.get(n, {value})"])]
    read = "n != 0" if one.kind == "bool" else "n"
    cases = [(one.tag, [*lines, *_keep(one, read), *clear])]
    if one.label == "repeated":
        cases.append((one.tag + 2, [*_LENGTH, f"{value} += numbers(b, i, j, {reader})", "i = j"]))
    return cases


def _keep(one: Field, read: str) -> list[str]:
    return [f"v{one.number}.append({read})" if one.label == "repeated" else f"v{one.number} = {read}"]


def _message(one: Field) -> list[str]:
    name = alias(one.message)
    lines = [] if one.label == "repeated" else [f"if v{one.number} is not None: raise Again('{one.name}')"]
    if one.message.deep:
        lines += ["if k < 1: raise Refused('nested too deeply')"]
        return [*lines, *_keep(one, f"d_{name}(b, i, j, k - 1)")]
    kind = _wrapper(one.message) or _may_wrap(one.message)
    if not kind:
        return [*lines, *_keep(one, f"d_{name}(b, i, j)")]
    field = one.message.fields[0].name
    if kind == "double":
        lines += [f"if n == 9 and b[i] == 9: {_keep(one, f'{name}({field}=double(b, i + 1)[0])')[0]}"]
    else:
        lines += ["if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2:"]
        lines[-1] += f" {_keep(one, f'{name}({field}=b[i + 2 : j].decode())')[0]}"
    return [*lines, f"else: {_keep(one, f'd_{name}(b, i, j)')[0]}"]


# --- the slow way ----------------------------------------------------------------------------------------------------


def _shapes(messages: list[Message]) -> list[str]:
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
