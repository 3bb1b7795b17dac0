"""The protobuf codecs: two functions for each message, straight between its struct and bytes.

``e_X`` writes an ``X`` as text with a character for each byte: pieces of text are joined in less time than bytes, and
most of what is written is ASCII text already. ``d_X`` reads one from a slice of the bytes: field after field in the
order that everybody writes them in, and once more from the top for what comes otherwise. A slice is not held to its end
on the way, which would cost most on what is well: at its end everything has to have ended there.
"""

from __future__ import annotations

import re

from dcos_runtime.wire.generator.schema import UNKNOWN, Enum, Field, Message, Module, NotSupported
from dcos_runtime.wire.generator.usual import TOGETHER, USUAL

NOTE = "Made by `python -m dcos_runtime.wire.generator` from `wire/proto/{name}.proto`; change that, and make it anew."
_CUTS = {
    "int64": (63, "signed"),
    "int32": (31, "int32"),
    "uint32": (32, "uint32"),
    "enum": (31, "int32"),
}
"""How many bits of a varint are what they say, and what makes of more what such a field means by them."""
_WRITERS = {"int32": "int32_text", "uint32": "uint32_text"}
_WIDTH = 120
_TYPES = {"string": "str", "bytes": "bytes", "double": "float", "bool": "bool"}
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
        within = [one.message for one in message.fields if _written_there(one)]
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


def _sized(one: Field, s: str = "s") -> str:
    if one.kind == "message":
        return f"{_text(one.tag)}{{SHORT[n] if n < 16384 else varint_text(n)}}{{{s}}}"
    return f"{{{_heads(one)}[n] if n < 128 else sized({one.tag}, n)}}{{{s}}}"


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
    lines = _writes(message, "m", "v", "o")
    if not message.fields:
        return [f"def e_{alias(message)}(m: {alias(message)}) -> str:", "    return ''"]
    return [f"def e_{alias(message)}(m: {alias(message)}) -> str:", *(f"    {line}" for line in lines), "    return o"]


def _writes(message: Message, m: str, v: str, o: str) -> list[str]:
    """What writes the message ``m`` into the text ``o``. ``v``: what names of its variables begin with."""
    lines = [f"{o} = ''"]
    usual = USUAL.get(f"{message.module}.{message.path}")
    for one in sorted(message.fields, key=lambda one: one.number):
        given = f"{m}.{one.name}"
        value = "x" if one.kind == "string" and one.label == "optional" else f"{v}{one.number}"
        if one.key is not None:
            written_value = (
                f"{value} if {value}.isascii() else utf8({value})"
                if one.kind == "string"
                else f"e_{alias(one.message)}({value})"
            )
            lines += [f"for c, {value} in {given}.items():"]
            lines += [f"    s = pair(c, {written_value}); n = len(s)", f"    {o} += f'{_sized(one)}'"]
        elif one.label == "repeated":
            lines += [f"if {given}:", f"    p = [{o}]", f"    for {value} in {given}:"]
            if _written_there(one):
                lines += [*(f"        {line}" for line in _writes(one.message, value, "w", "q"))]
                lines += ["        n = len(q)", f"        p.append(f'{_sized(one, 'q')}')"]
            else:
                lines += [_collected(line) for line in _write(one, value, " " * 8, o)]
            lines += [f"    {o} = ''.join(p)"]
        elif one.label == "required":
            lines += _write(one, given, "", o)
        elif usual is not None and one.name not in usual:
            begins = [] if value == "x" else [f"    {value} = {given}"]
            lines += [f"if {given} is not None:", *begins]
            lines += _write(one, given if value == "x" else value, "    ", o)
        else:
            lines += [f"{value} = {given}", f"if {value} is not None:", *_write(one, value, "    ", o)]
    return _joined(lines, o)


def _written_there(one: Field) -> bool:
    """Whether it is a list of small messages, which are written where they stand: calls would cost as much again."""
    if one.kind != "message" or one.label != "repeated" or one.key is not None:
        return False
    small = one.message
    return (
        0 < len(small.fields) < 6
        and not small.deep
        and not _wrapper(small)
        and not _may_wrap(small)
        and all(inner.label != "repeated" for inner in small.fields)
    )


def _joined(lines: list[str], o: str) -> list[str]:
    """What begins a message in one piece, and what follows on each other in one piece."""
    found: list[str] = []
    pieces = re.compile(rf"( *){o} (\+?=) f?'([^']*)'")
    for line in lines:
        now = pieces.fullmatch(line)
        before = pieces.fullmatch(found[-1]) if found else None
        if now and before and now[1] == before[1]:
            piece = before[3] + now[3]
            found[-1] = f"{now[1]}{o} {before[2]} {'f' if '{' in piece else ''}'{piece}'"
        else:
            found.append(line)
    following = next((at for at in range(1, len(found)) if f"{o} +=" in found[at] or f"p = [{o}]" in found[at]), -1)
    if found[0] == f"{o} = ''" and following > 0 and found[following].startswith(f"{o} += "):
        found[following] = found[following].replace(f"{o} += ", f"{o} = ", 1)
        del found[0]
    return found


def _collected(line: str) -> str:
    """A piece for a list: adding each to a long text might copy that every time."""
    before, adds, piece = line.partition("o += ")
    return f"{before}p.append({piece})" if adds else line


def _write(one: Field, value: str, indent: str, o: str = "o") -> list[str]:
    tag = _text(one.tag)
    if one.kind == "bool":
        return [f"{indent}{o} += '{tag}\\x01' if {value} else '{tag}\\x00'"]
    if one.kind == "double":
        return [f"{indent}{o} += f'{tag}{{{_double(value)}}}'"]
    if one.kind == "enum":
        return [f"{indent}{o} += f'{tag}{{{value}.wire}}'"]
    if one.kind not in ("string", "bytes", "message"):
        writer = _WRITERS.get(one.kind, "varint_text")
        lines = [f"{indent}i = {value}"] if "." in value else []
        number = "i" if lines else value
        return [*lines, f"{indent}{o} += f'{tag}{{{writer}({number}) if {number} >> 14 else SHORT[{number}]}}'"]
    if one.kind == "bytes":
        lines = [f"{indent}s = {value}.decode('latin-1'); n = len(s)"]
    elif one.kind == "string" and value == "x":
        return [*_measured("x", indent), f"{indent}{o} += f'{_sized(one, 'x')}'"]
    elif one.kind == "string":
        lines = [f"{indent}s = {value}", *_measured("s", indent)]
    elif _wrapper(one.message) == "double":
        return [f"{indent}{o} += f'{tag}\\x09\\x09{{{_double(f'{value}.{one.message.fields[0].name}')}}}'"]
    elif _wrapper(one.message) == "string":
        return [f"{indent}s = {value}.{one.message.fields[0].name}", *_wrap(one, value, "s", indent, o)]
    elif _may_wrap(one.message):
        lines = [f"{indent}x = {value}.{one.message.fields[0].name}"]
        lines += [f"{indent}if x is None: {o} += '{tag}\\x00'", f"{indent}else:"]
        return [*lines, *_wrap(one, value, "x", f"{indent}    ", o)]
    else:
        lines = [f"{indent}s = e_{alias(one.message)}({value}); n = len(s)"]
    return [*lines, f"{indent}{o} += f'{_sized(one)}'"]


def _measured(text: str, indent: str) -> list[str]:
    return [f"{indent}if not {text}.isascii(): {text} = utf8({text})", f"{indent}n = len({text})"]


def _wrap(one: Field, value: str, text: str, indent: str, o: str) -> list[str]:
    lines = [*_measured(text, indent), f"{indent}if n < 126: {o} += f'{{{_wraps(one)}[n]}}{{{text}}}'"]
    return [*lines, f"{indent}else: s = e_{alias(one.message)}({value}); n = len(s); {o} += f'{_sized(one)}'"]


# --- reading ---------------------------------------------------------------------------------------------------------


def _decoder(message: Message) -> list[str]:
    """``b``: the message, no more; ``e``: its length; ``j``: where a field ended; ``i``: a byte after the next tag."""
    name = alias(message)
    fields = sorted(message.fields, key=lambda one: one.number)
    usual = USUAL.get(f"{message.module}.{message.path}")
    rare = {one.name for one in fields if usual is not None and one.name not in usual and one.label != "required"}
    if usual is not None and not set(usual) <= {one.name for one in fields}:
        raise NotSupported(f"{message.path} has no {', '.join(set(usual) - {one.name for one in fields})}: see USUAL")
    lists = [one for one in fields if one.label == "repeated" and one.name not in rare]
    given = ["b: bytes", "e: int", *(["k: int = DEPTH"] if message.deep else []), "j: int = 0"]
    given += [f"v{one.number}{_annotation(one, one.name in rare)} = None" for one in fields if one not in lists]
    lines = [f"def d_{name}({', '.join([*given, *(['r: bool = False'] if rare else [])])}) -> {name}:"]
    lines += _straight(message)
    lines += [f"    v{one.number}{_annotation(one, False)} = {_empty(one)}" for one in lists]
    lines.append("    while j < e:")
    indent = "        "
    if fields:
        lines.append(f"{indent}t = b[j]; i = j + 2")
    known: dict[str, list[str]] = {}
    seldom = _seldom(fields, rare)
    for one in fields:
        if one in (run[0] for run in seldom):
            bound = next(run[-1] for run in seldom if run[0] is one)
            lines.append(f"{indent}if t < {_varint(bound.tag)[0]}:")
            indent += "    "
        if one in (run[-1] for run in seldom):
            indent = indent[4:]
        others = [other for other in fields if one.oneof is not None and other.oneof == one.oneof and other is not one]
        for tag, body in _cases(one, [f"v{other.number} = None" for other in others]):
            several = one.label == "repeated"
            first = _varint(tag)
            following = " and ".join(
                f"b[i{f' {at:+}'[:3].replace('-', '- ') if at else ''}] == {byte}"
                for at, byte in enumerate(first[1:], -1)
            )
            known.setdefault(following, []).append(f"{first[0]}")
            lines.append(
                f"{indent}{'while' if several else 'if'} t == {first[0]}{f' and {following}' if following else ''}:"
            )
            if len(first) > 1:
                lines.append(f"{indent}    i += {len(first) - 1}")
            if one.name in rare:
                lines.append(f"{indent}    r = True")
                if several:
                    lines.append(f"{indent}    if v{one.number} is None: v{one.number} = {_empty(one)}")
            lines += [f"{indent}    {line}" for line in body]
            lines += [f"{indent}    if j >= e: break", f"{indent}    t = b[j]; i = j + 2"]
            if several:
                lines.append(f"{indent}else:")
                indent += "    "
    again = " or ".join(
        f"(t in ({', '.join(firsts)},) and {following})" if following else f"t in ({', '.join(firsts)},)"
        for following, firsts in known.items()
    )
    lines.append(f"{indent}j = i - 2 if {again} else unknown(b, i - 2)" if fields else f"{indent}j = unknown(b, j)")
    lines += ["    if j != e: raise Malformed('the end is missing')"]
    required = [one for one in fields if one.label == "required"]
    if required:
        absent = " or ".join(f"v{one.number} is None" for one in required)
        lines += [f"    if {absent}: raise Absent('{message.path}')"]
    if rare:
        given = [f"{one.name}=v{one.number}" for one in message.fields if one.name not in rare]
        lines += [f"    if not r: return {name}({', '.join(given)})"]
    late = {one.name for one in fields if one.name in rare and one.label == "repeated"}
    given = [f"{one.name}=v{one.number}{f' or {_empty(one)}' if one.name in late else ''}" for one in message.fields]
    return [*lines, f"    return {name}({', '.join(given)})"]


def _straight(message: Message) -> list[str]:
    """What reads a small message at one go that has all of its usual fields, each of one byte's length, and no others.

    Position after position is either known or found by the length of a text before it.
    """
    fields = _in_a_row(message)
    tests = [f"{_ahead(fields)} < e < 128"]
    values: list[str] = []
    base, at = "", 0  # the place is that of the variable ``base``, or the start, and ``at`` bytes more

    def place(more: int) -> str:
        return f"{base} + {at + more}" if base and at + more else base or f"{at + more}"

    for index, one in enumerate(fields):
        last = index == len(fields) - 1
        tests.append(f"b[{place(0)}] == {one.tag}")
        if one.kind == "enum":
            tests.append(f"(m{one.number} := t_{alias(one.enum)}.get(b[{place(1)}])) is not None")
            values.append(f"{one.name}=m{one.number}")
            at += 2
        elif one.kind == "message" and _wrapper(one.message) == "double":
            field = one.message.fields[0].name
            tests += [f"b[{place(1)}] == 9", f"b[{place(2)}] == 9"]
            values.append(f"{one.name}={alias(one.message)}({field}=double(b, {place(3)})[0])")
            at += 11
        else:
            within = one.kind == "message"
            start, size = place(4 if within else 2), f"b[{place(1)}]"
            end = f"n{one.number}"
            if within:
                tests += [f"b[{place(2)}] == 10", f"b[{place(3)}] == {size} - 2"]
            ahead = _ahead(fields[index + 1 :])
            tests.append(
                f"{size} == e - {place(2).replace('+', '-')}"
                if last
                else f"({end} := {size} + {place(2)}) + {ahead} < e"
            )
            text = f"b[{start}:{'' if last else end}].decode()"
            kind = f"{alias(one.message)}({one.message.fields[0].name}={text})" if within else text
            values.append(f"{one.name}={kind}")
            base, at = end, 0
    if not fields:
        return []
    if fields[-1].kind == "enum":
        tests.append(f"{place(0)} == e")
    return [f"    if {' and '.join(tests)}:", f"        return {alias(message)}({', '.join(values)})"]


def _ahead(fields: list[Field]) -> int:
    """How far the bytes reach, from the first of these fields, that are looked at before the next length is known."""
    reach = 0
    for one in fields:
        if one.kind == "enum":
            reach += 2
        elif one.kind == "message" and _wrapper(one.message) == "double":
            reach += 11
        else:
            return reach + (3 if one.kind == "message" else 1)
    return reach - 1


def _in_a_row(message: Message) -> list[Field]:
    """The usual fields of a message, if they are few and simple, in the order of their numbers."""
    names = TOGETHER.get(f"{message.module}.{message.path}") or [one.name for one in message.fields]
    fields = sorted((one for one in message.fields if one.name in names), key=lambda one: one.number)
    simple = all(
        one.label != "repeated"
        and one.tag < 128
        and (
            one.kind == "string"
            or (one.kind == "enum" and max(one.enum.numbers.values()) < 128)
            or (one.kind == "message" and (_wrapper(one.message) or _may_wrap(one.message)))
        )
        for one in fields
    )
    return fields if simple and 1 < len(fields) < 5 else []


def _seldom(fields: list[Field], rare: set[str]) -> list[list[Field]]:
    """Runs of fields that are seldom there, each with the usual field behind it: all of them are passed at once."""
    runs: list[list[Field]] = [[]]
    for one in fields:
        runs[-1].append(one)
        if one.name not in rare or one.label == "repeated" or one.tag > 127:
            runs.append([])
    return [run for run in runs if len(run) > 2 and run[-1].tag > run[-2].tag]


def _empty(one: Field) -> str:
    return "{}" if one.key is not None else "[]"


def _annotation(one: Field, late: bool) -> str:
    """``late``: a list is made when the first of it has come."""
    kind = alias(one.of) if one.of is not None else _TYPES.get(one.kind, "int")
    if one.label != "repeated":
        return f": {kind} | None"
    return (f": dict[str, {kind}]" if one.key is not None else f": list[{kind}]") + (" | None" if late else "")


_LENGTH = [
    "n = b[i - 1]",
    "if n > 127:",
    "    t = b[i]; i += 1",
    "    if t < 128: n += (t << 7) - 128",
    "    else: n, i = length(b, i - 2)",
    "j = i + n",
]


def _cases(one: Field, clear: list[str]) -> list[tuple[int, list[str]]]:
    """The tags of a field, each with what reads it from ``i`` on and says in ``j`` where it ended."""
    value = f"v{one.number}"
    cleared = ["; ".join(clear)] if clear else []
    if one.key is not None:
        reader = "text" if one.kind == "string" else f"d_{alias(one.message)}"
        return [(one.tag, [*_LENGTH, f"c, {value}[c] = entry(b[i:j], n, {reader})"])]
    if one.kind in ("string", "bytes"):
        read = f"b[i:j]{'.decode()' if one.kind == 'string' else ''}"
        return [(one.tag, [*_LENGTH, _keep(one, read), *cleared])]
    if one.kind == "message":
        return [(one.tag, [*_message(one), *cleared])]
    if one.kind == "double":
        return [(one.tag, [f"{_keep(one, 'double(b, i - 1)[0]')}; j = i + 7", *cleared])]
    number = ["n = b[i - 1]; j = i", *_longer(one, "n")]
    if one.kind == "enum":
        table = f"t_{alias(one.enum)}"
        if one.label == "repeated":
            keep = [f"if n in {table}: {value}.append({table}[n] or {alias(one.enum)}.{UNKNOWN})"]
            each = ["for n in numbers(b, i, j):", *(f"    {line}" for line in [*_cut(one, "n"), *keep])]
            return [(one.tag, [*number, *keep]), (one.tag + 2, [*_LENGTH, *each])]
        return [(one.tag, [*number, "; ".join([f"if n in {table}: {value} = {table}[n]", *clear])])]
    if one.label == "repeated":
        keep = [_keep(one, "n != 0" if one.kind == "bool" else "n")]
        packed = [*_LENGTH, "for n in numbers(b, i, j):", *(f"    {line}" for line in [*_cut(one, "n"), *keep])]
        return [(one.tag, [*number, *keep]), (one.tag + 2, packed)]
    if one.kind == "bool":
        return [(one.tag, [*number, f"{value} = n != 0", *cleared])]
    return [(one.tag, [f"{value} = b[i - 1]; j = i", *_longer(one, value), *cleared])]


def _longer(one: Field, value: str) -> list[str]:
    """What reads the rest of a number whose first byte in ``value`` says that there is more."""
    if one.kind in ("bool", "enum"):
        return [
            f"if {value} > 127:",
            *(f"    {line}" for line in [f"{value}, j = varint(b, i - 1)", *_cut(one, value)]),
        ]
    lines = [f"if {value} > 127:", "    t = b[j]; j += 1", f"    if t < 128: {value} += (t << 7) - 128"]
    return [*lines, "    else:", *(f"        {line}" for line in [f"{value}, j = varint(b, i - 1)", *_cut(one, value)])]


def _cut(one: Field, value: str) -> list[str]:
    if one.kind not in _CUTS:
        return []
    bits, cut = _CUTS[one.kind]
    return [f"if {value} >> {bits}: {value} = {cut}({value})"]


def _keep(one: Field, read: str) -> str:
    return f"v{one.number}.append({read})" if one.label == "repeated" else f"v{one.number} = {read}"


def _message(one: Field) -> list[str]:
    name = alias(one.message)
    lines = [] if one.label == "repeated" else [f"if v{one.number} is not None: raise Again('{one.name}')"]
    if one.message.deep:
        lines += ["if k < 1: raise Malformed('nested too deeply')"]
        return [*lines, *_LENGTH, _keep(one, f"d_{name}(b[i:j], n, k - 1)")]
    kind = _wrapper(one.message) or _may_wrap(one.message)
    whole = _keep(one, f"d_{name}(b[i:j], n)")
    if not kind:
        return [*lines, *_LENGTH, whole]
    field = one.message.fields[0].name
    if kind == "double":
        lines += ["n = b[i - 1]; j = i + 9"]
        lines += [f"if n == 9 and b[i] == 9: {_keep(one, f'{name}({field}=double(b, i + 1)[0])')}"]
    else:
        lines += ["n = b[i - 1]; j = i + n"]
        lines += ["if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2:"]
        lines[-1] += f" {_keep(one, f'{name}({field}=b[i + 2 : j].decode())')}"
    return [*lines, f"else: n, i = length(b, i - 1); j = i + n; {whole}"]


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
