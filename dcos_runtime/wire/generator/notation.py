"""What all that is generated says of itself, and what writing and reading name alike: functions, tags, tables, and
which messages are no more than one text or number.
"""

from __future__ import annotations

from dcos_runtime.wire.generator.schema import Enum, Field, Message

MADE = "Made by `python -m dcos_runtime.wire.generator`"
"""By these words in its docstring a file is known as one that the generator made."""
NOTE = f"{MADE} from `wire/proto/{{name}}.proto`; change that, and make it anew."


def alias(one: Message | Enum) -> str:
    return one.path.replace(".", "_")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(*values: int) -> str:
    """So many varints, as they stand in an f-string."""
    return "".join(f"\\x{byte:02x}" for value in values for byte in varint(value))


def heads(one: Field) -> str:
    """The name of the table of what stands before a part: the tag, and each length below 128."""
    return f"T_{varint(one.tag).hex()}"


def wraps(one: Field) -> str:
    """The same for a text in a message of its own."""
    return f"W_{varint(one.tag).hex()}"


def wrapper(message: Message) -> str:
    """The kind of its only field, when a message is no more than a text or a number that has to be there."""
    if len(message.fields) == 1 and message.fields[0].number == 1 and message.fields[0].label == "required":
        one = message.fields[0]
        if one.kind in ("string", "double"):
            return one.kind
    return ""


def may_wrap(message: Message) -> str:
    """The same of a text that may be missing: what comes with nothing else is read as fast."""
    fields = message.fields
    one_text = (
        len(fields) == 1 and fields[0].number == 1 and fields[0].label == "optional" and fields[0].kind == "string"
    )
    return "string" if one_text else ""
