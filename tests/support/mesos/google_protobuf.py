"""google's own protobuf, made of our files at run time: what our codecs are held to."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError as GoogleRefusal
from google.protobuf.message import Message as GoogleMessage

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.generator.schema import Message, Module, descriptors, read


@cache
def modules() -> list[Module]:
    return read()


@cache
def messages() -> list[Message]:
    return [message for module in modules() for message in module.walk()]


@cache
def factory() -> dict[str, Any]:
    """google's class of each message, by the full name in our files."""
    pool = descriptor_pool.DescriptorPool()
    waiting = {file.name: file for file in descriptors().file}
    while waiting:
        for name, file in list(waiting.items()):
            if not set(file.dependency) & waiting.keys():
                pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
                del waiting[name]
    found: dict[str, Any] = {}
    for module in modules():
        file = pool.FindFileByName(f"{module.name}.proto")
        for message in module.walk():
            found[f"{module.name}.{message.path}"] = message_factory.GetMessageClass(
                pool.FindMessageTypeByName(f"{file.package}.{message.path}")
            )
    return found


def google(kind: type) -> GoogleMessage:
    made: GoogleMessage = factory()[f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"]()
    return made


def struct_of(message: Message) -> type:
    found: Any = import_module(f"dcos_runtime.wire.{message.module}")
    for part in message.path.split("."):
        found = getattr(found, part)
    kind: type = found
    return kind


def tell(message: GoogleMessage) -> Any:
    """What google read, without what it did not know."""
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True)


def agree(data: bytes, kind: type) -> None:
    """Both refuse the bytes, or both read the same."""
    theirs: GoogleMessage | None = google(kind)
    assert theirs is not None
    try:
        theirs.ParseFromString(data)
        if not theirs.IsInitialized():  # which Mesos refuses as well
            theirs = None
    except (GoogleRefusal, UnicodeDecodeError):
        theirs = None
    try:
        ours: Any = protobuf.decode(data, kind)
    except codec.DecodeError as error:
        if "UTF-8" not in str(error):  # which google gives out as bytes
            assert theirs is None or unknown_is_there(theirs), f"only we refuse {data!r}: {error}"
        return
    assert theirs is not None, f"only google refuses {data!r}"
    if unknown_is_there(theirs):
        return
    again = google(kind)
    again.ParseFromString(protobuf.encode(ours))
    assert tell(again) == tell(theirs), f"{data!r} is {ours} to us and {theirs} to google"


def _enums(message: GoogleMessage) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    for descriptor, value in message.ListFields():
        if descriptor.enum_type is not None:
            found += [(descriptor, item) for item in (value if not isinstance(value, int) else [value])]
        elif descriptor.message_type is not None:
            items = [value] if isinstance(value, GoogleMessage) else value
            if hasattr(items, "values"):
                items = [item for item in items.values() if isinstance(item, GoogleMessage)]
            for item in items:
                found += _enums(item)
    return found


def _is_unknown(descriptor: Any, value: int) -> bool:
    name = descriptor.enum_type.values_by_number.get(value)
    return name is not None and name.name == "UNKNOWN"


def unknown_is_there(message: GoogleMessage) -> bool:
    """An enum is said to be UNKNOWN: that is absent to us, as in JSON."""
    return any(_is_unknown(descriptor, value) for descriptor, value in _enums(message))
