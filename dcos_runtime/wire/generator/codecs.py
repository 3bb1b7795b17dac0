"""The protobuf codecs: two functions for each message, straight between its struct and bytes.

``e_X`` writes an ``X`` as text with a character for each byte: pieces of text are joined in less time than bytes, and
most of what is written is ASCII text already. ``d_X`` reads one from a slice of the bytes: field after field in the
order that everybody writes them in, and once more from the top for what comes otherwise. A slice is not held to its end
on the way, which would cost most on what is well: at its end everything has to have ended there.
"""

from __future__ import annotations

import re

from dcos_runtime.wire.generator.schema import UNKNOWN, Enum, Field, Message, Module, NotSupported
from dcos_runtime.wire.generator.usual import USUAL

NOTE = "Made by `python -m dcos_runtime.wire.generator` from `wire/proto/{name}.proto`; change that, and make it anew."
_READERS = {
    "int64": "int64",
    "uint64": "varint",
    "int32": "int32",
    "uint32": "uint32",
    "enum": "int32",
    "bool": "varint",
}
_WRITERS = {"int32": "int32_text", "uint32": "uint32_text"}
_WIDTH = 120
_TYPES = {"string": "str", "bytes": "bytes", "double": "float", "bool": "bool"}
_READING = frozenset(
    (
        *("DEPTH", "Absent", "Again", "Codec", "Malformed", "Shape", "double", "entry", "int32", "int64", "length"),
        *("numbers", "text", "uint32", "unknown", "varint"),
    )
)
_WRITING = frozenset(
    (
        *("SHORT", "heads", "int32_text", "numbered", "packed", "pair", "sized", "uint32_text", "utf8", "varint_text"),
        "wrapped",
    )
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


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(*values: int) -> str:
    """So many varints, as they stand in an f-string."""
    return "".join(f"\\x{byte:02x}" for value in values for byte in _varint(value))


def _heads(one: Field) -> str:
    """The name of the table of what stands before a part: the tag, and each length below 128."""
    return f"T_{_varint(one.tag).hex()}"


def _wraps(one: Field) -> str:
    """The same for a text in a message of its own."""
    return f"W_{_varint(one.tag).hex()}"


def _quoted(table: str) -> str:
    return "'" + "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(table[2:])) + "'"


def _sized(one: Field) -> str:
    return f"{{{_heads(one)}[n] if n < 128 else sized({one.tag}, n)}}{{s}}"


def _double(value: str) -> str:
    return f'packed({value}).decode("latin-1")'


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
    lines = [f"def e_{name}(m: {name}) -> str:"]
    fields = sorted(message.fields, key=lambda one: one.number)
    if not fields:
        return [*lines, "    return ''"]
    lines.append("    o = ''")
    for one in fields:
        if one.key is not None:
            value = f"v{one.number}"
            written_value = (
                f"{value} if {value}.isascii() else utf8({value})"
                if one.kind == "string"
                else f"e_{alias(one.message)}({value})"
            )
            lines += [f"    for c, {value} in m.{one.name}.items():"]
            lines += [f"        s = pair(c, {written_value}); n = len(s)", f"        o += f'{_sized(one)}'"]
        elif one.label == "repeated":
            value = f"v{one.number}"
            lines += [f"    if m.{one.name}:", "        p = [o]", f"        for {value} in m.{one.name}:"]
            lines += [*(_collected(line) for line in _write(one, value, " " * 12)), "        o = ''.join(p)"]
        elif one.label == "required":
            lines += _write(one, f"m.{one.name}", "    ")
        else:
            value = f"v{one.number}"
            lines += [f"    {value} = m.{one.name}", f"    if {value} is not None:", *_write(one, value, "        ")]
    return [*_joined(lines), "    return o"]


def _joined(lines: list[str]) -> list[str]:
    """What begins a message in one piece, and what follows on each other in one piece."""
    found: list[str] = []
    pieces = re.compile(r"( +)o (\+?=) f?'([^']*)'")
    for line in lines:
        now = pieces.fullmatch(line)
        before = pieces.fullmatch(found[-1]) if found else None
        if now and before and now[1] == before[1]:
            piece = before[3] + now[3]
            found[-1] = f"{now[1]}o {before[2]} {'f' if '{' in piece else ''}'{piece}'"
        else:
            found.append(line)
    start = found.index("    o = ''") if "    o = ''" in found else -1
    following = next((at for at in range(start + 1, len(found)) if "o +=" in found[at] or "p = [o]" in found[at]), -1)
    if start >= 0 and following >= 0 and found[following].startswith("    o += "):
        found[following] = found[following].replace("o += ", "o = ", 1)
        del found[start]
    return found


def _collected(line: str) -> str:
    """A piece for a list: adding each to a long text might copy that every time."""
    before, adds, piece = line.partition("o += ")
    return f"{before}p.append({piece})" if adds else line


def _write(one: Field, value: str, indent: str) -> list[str]:
    tag = _text(one.tag)
    if one.kind == "bool":
        return [f"{indent}o += '{tag}\\x01' if {value} else '{tag}\\x00'"]
    if one.kind == "double":
        return [f"{indent}o += f'{tag}{{{_double(value)}}}'"]
    if one.kind == "enum":
        return [f"{indent}o += f'{tag}{{{value}.wire}}'"]
    if one.kind not in ("string", "bytes", "message"):
        writer = _WRITERS.get(one.kind, "varint_text")
        lines = [f"{indent}i = {value}"] if "." in value else []
        number = "i" if lines else value
        return [*lines, f"{indent}o += f'{tag}{{SHORT[{number}] if 0 <= {number} < 1024 else {writer}({number})}}'"]
    if one.kind == "bytes":
        lines = [f"{indent}s = {value}.decode('latin-1'); n = len(s)"]
    elif one.kind == "string":
        lines = [f"{indent}s = {value}", f"{indent}if not s.isascii(): s = utf8(s)", f"{indent}n = len(s)"]
    elif _wrapper(one.message) == "double":
        return [f"{indent}o += f'{tag}\\x09\\x09{{{_double(f'{value}.{one.message.fields[0].name}')}}}'"]
    elif _wrapper(one.message) == "string":
        lines = [f"{indent}s = {value}.{one.message.fields[0].name}"]
        lines += _wrap(one, value, indent)
        return lines
    elif _may_wrap(one.message):
        lines = [f"{indent}x = {value}.{one.message.fields[0].name}"]
        lines += [f"{indent}if x is None: o += '{tag}\\x00'", f"{indent}else:", f"{indent}    s = x"]
        return [*lines, *_wrap(one, value, f"{indent}    ")]
    else:
        lines = [f"{indent}s = e_{alias(one.message)}({value}); n = len(s)"]
    return [*lines, f"{indent}o += f'{_sized(one)}'"]


def _wrap(one: Field, value: str, indent: str) -> list[str]:
    lines = [f"{indent}if not s.isascii(): s = utf8(s)", f"{indent}n = len(s)"]
    lines += [f"{indent}if n < 126: o += f'{{{_wraps(one)}[n]}}{{s}}'"]
    lines += [f"{indent}else: s = e_{alias(one.message)}({value}); n = len(s); o += f'{_sized(one)}'"]
    return lines


# --- reading ---------------------------------------------------------------------------------------------------------


def _decoder(message: Message) -> list[str]:
    name = alias(message)
    depth = ", k: int = DEPTH" if message.deep else ""
    lines = [f"def d_{name}(b: bytes, i: int, e: int{depth}) -> {name}:"]
    fields = sorted(message.fields, key=lambda one: one.number)
    if not fields:
        lines += ["    while i < e: i = unknown(b, i)", "    if i != e: raise Malformed('the end is missing')"]
        return [*lines, f"    return {name}()"]
    usual = USUAL.get(f"{message.module}.{message.path}")
    rare = {one.name for one in fields if usual is not None and one.name not in usual and one.label != "required"}
    if usual is not None and not set(usual) <= {one.name for one in fields}:
        raise NotSupported(f"{message.path} has no {', '.join(set(usual) - {one.name for one in fields})}: see USUAL")
    for one in fields:
        start = _empty(one) if one.label == "repeated" and one.name not in rare else "None"
        lines.append(f"    v{one.number}{_annotation(one, one.name in rare)} = {start}")
    if rare:
        lines.append("    r = False")
    lines += ["    while i < e:", "        t = b[i]; i += 1; h = i"]
    indent = "        "
    for one in fields:
        others = [other for other in fields if one.oneof is not None and other.oneof == one.oneof and other is not one]
        for tag, body in _cases(one, [f"v{other.number} = None" for other in others]):
            several = one.label == "repeated"
            first = _varint(tag)
            condition = f"t == {first[0]}" + "".join(
                f" and b[{f'i + {at}' if at else 'i'}] == {byte}" for at, byte in enumerate(first[1:])
            )
            lines.append(f"{indent}{'while' if several else 'if'} {condition}:")
            if len(first) > 1:
                lines.append(f"{indent}    i += {len(first) - 1}")
            if one.name in rare:
                lines.append(f"{indent}    r = True")
                if several:
                    lines.append(f"{indent}    if v{one.number} is None: v{one.number} = {_empty(one)}")
            lines += [f"{indent}    {line}" for line in body]
            lines += [f"{indent}    if i >= e: break", f"{indent}    t = b[i]; i += 1"]
            if several:
                lines.append(f"{indent}else:")
                indent += "    "
    lines += [f"{indent}i = unknown(b, i - 1) if i == h else i - 1"]
    lines += ["    if i != e: raise Malformed('the end is missing')"]
    required = [one for one in fields if one.label == "required"]
    if required:
        absent = " or ".join(f"v{one.number} is None" for one in required)
        lines += [f"    if {absent}: raise Absent('{message.path}')"]
    if rare:
        given = ", ".join(f"{one.name}=v{one.number}" for one in message.fields if one.name not in rare)
        lines += [f"    if not r: return {name}({given})"]
    late = {one.name for one in fields if one.name in rare and one.label == "repeated"}
    given = ", ".join(
        f"{one.name}=v{one.number}{f' or {_empty(one)}' if one.name in late else ''}" for one in message.fields
    )
    return [*lines, f"    return {name}({given})"]


def _empty(one: Field) -> str:
    return "{}" if one.key is not None else "[]"


def _annotation(one: Field, late: bool) -> str:
    """``late``: a list is made when the first of it has come."""
    kind = alias(one.of) if one.of is not None else _TYPES.get(one.kind, "int")
    if one.label != "repeated":
        return f": {kind} | None"
    return (f": dict[str, {kind}]" if one.key is not None else f": list[{kind}]") + (" | None" if late else "")


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
        lines += ["if k < 1: raise Malformed('nested too deeply')"]
        return [*lines, *_keep(one, f"d_{name}(b[i:j], 0, n, k - 1)")]
    kind = _wrapper(one.message) or _may_wrap(one.message)
    if not kind:
        return [*lines, *_keep(one, f"d_{name}(b[i:j], 0, n)")]
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
