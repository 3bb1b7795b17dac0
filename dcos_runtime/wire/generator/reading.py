"""What reads a message, straight into its struct.

``d_X`` reads an ``X`` from a slice of the bytes: field after field in the order that everybody writes them in, and once
more from the top for what comes otherwise. A slice is not held to its end on the way, which would cost most on what is
well: at its end everything has to have ended there.
"""

from __future__ import annotations

from dcos_runtime.wire.generator.notation import alias, may_wrap, varint, wrapper
from dcos_runtime.wire.generator.schema import UNKNOWN, Field, Message, NotSupported
from dcos_runtime.wire.generator.usual import TOGETHER, USUAL

_CUTS = {
    "int64": (63, "signed"),
    "int32": (31, "int32"),
    "uint32": (32, "uint32"),
    "enum": (31, "int32"),
}
"""How many bits of a varint are what they say, and what makes of more what such a field means by them."""
_TYPES = {"string": "str", "bytes": "bytes", "double": "float", "bool": "bool"}


def decoder(message: Message) -> list[str]:
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
            lines.append(f"{indent}if t < {varint(bound.tag)[0]}:")
            indent += "    "
        if one in (run[-1] for run in seldom):
            indent = indent[4:]
        others = [other for other in fields if one.oneof is not None and other.oneof == one.oneof and other is not one]
        for tag, body in _cases(one, [f"v{other.number} = None" for other in others]):
            several = one.label == "repeated"
            first = varint(tag)
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
        elif one.kind == "message" and wrapper(one.message) == "double":
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
        elif one.kind == "message" and wrapper(one.message) == "double":
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
            or (one.kind == "message" and (wrapper(one.message) or may_wrap(one.message)))
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
    kind = wrapper(one.message) or may_wrap(one.message)
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
