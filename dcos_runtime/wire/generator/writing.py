"""What writes a message, straight from its struct.

``e_X`` writes an ``X`` as text with a character for each byte: pieces of text are joined in less time than bytes, and
most of what is written is ASCII text already.
"""

from __future__ import annotations

import re

from dcos_runtime.wire.generator.notation import alias, heads, may_wrap, text, wrapper, wraps
from dcos_runtime.wire.generator.schema import Field, Message
from dcos_runtime.wire.generator.usual import USUAL

_WRITERS = {"int32": "int32_text", "uint32": "uint32_text"}


def encoder(message: Message) -> list[str]:
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
            if written_there(one):
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


def written_there(one: Field) -> bool:
    """Whether it is a list of small messages, which are written where they stand: calls would cost as much again."""
    if one.kind != "message" or one.label != "repeated" or one.key is not None:
        return False
    small = one.message
    return (
        0 < len(small.fields) < 6
        and not small.deep
        and not wrapper(small)
        and not may_wrap(small)
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
    tag = text(one.tag)
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
    elif wrapper(one.message) == "double":
        return [f"{indent}{o} += f'{tag}\\x09\\x09{{{_double(f'{value}.{one.message.fields[0].name}')}}}'"]
    elif wrapper(one.message) == "string":
        return [f"{indent}s = {value}.{one.message.fields[0].name}", *_wrap(one, value, "s", indent, o)]
    elif may_wrap(one.message):
        lines = [f"{indent}x = {value}.{one.message.fields[0].name}"]
        lines += [f"{indent}if x is None: {o} += '{tag}\\x00'", f"{indent}else:"]
        return [*lines, *_wrap(one, value, "x", f"{indent}    ", o)]
    else:
        lines = [f"{indent}s = e_{alias(one.message)}({value}); n = len(s)"]
    return [*lines, f"{indent}{o} += f'{_sized(one)}'"]


def _measured(text: str, indent: str) -> list[str]:
    return [f"{indent}if not {text}.isascii(): {text} = utf8({text})", f"{indent}n = len({text})"]


def _wrap(one: Field, value: str, text: str, indent: str, o: str) -> list[str]:
    lines = [*_measured(text, indent), f"{indent}if n < 126: {o} += f'{{{wraps(one)}[n]}}{{{text}}}'"]
    return [*lines, f"{indent}else: s = e_{alias(one.message)}({value}); n = len(s); {o} += f'{_sized(one)}'"]


def _sized(one: Field, s: str = "s") -> str:
    if one.kind == "message":
        return f"{text(one.tag)}{{SHORT[n] if n < 16384 else varint_text(n)}}{{{s}}}"
    return f"{{{heads(one)}[n] if n < 128 else sized({one.tag}, n)}}{{{s}}}"


def _double(value: str) -> str:
    return f'packed({value}).decode("latin-1")'
