"""What our `.proto` files say, as protoc reads them: modules, messages, fields and enums, in the order of the files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

PROTO = Path(__file__).parents[1] / "proto"
UNKNOWN = "UNKNOWN"
_KINDS = {
    descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE: "double",
    descriptor_pb2.FieldDescriptorProto.TYPE_INT64: "int64",
    descriptor_pb2.FieldDescriptorProto.TYPE_UINT64: "uint64",
    descriptor_pb2.FieldDescriptorProto.TYPE_INT32: "int32",
    descriptor_pb2.FieldDescriptorProto.TYPE_UINT32: "uint32",
    descriptor_pb2.FieldDescriptorProto.TYPE_BOOL: "bool",
    descriptor_pb2.FieldDescriptorProto.TYPE_STRING: "string",
    descriptor_pb2.FieldDescriptorProto.TYPE_BYTES: "bytes",
    descriptor_pb2.FieldDescriptorProto.TYPE_ENUM: "enum",
    descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE: "message",
}
EXPLICIT_UNKNOWN = frozenset({"common.Environment.Variable.Type", "tasks.CheckInfo.Type", "tasks.HealthCheck.Type"})
"""Enums for which Mesos treats UNKNOWN as an error, not as absent."""
_VARINTS = frozenset({"int64", "uint64", "int32", "uint32", "bool", "enum"})


class NotSupported(ValueError):
    """A `.proto` file uses what the generator does not know."""


@dataclass
class Enum:
    """``names`` are those of its class: `UNKNOWN` is there even where the protobuf enum has none."""

    module: str
    path: str
    numbers: dict[str, int]

    @property
    def explicit_unknown(self) -> bool:
        """Whether an UNKNOWN that a client sends is kept."""
        return f"{self.module}.{self.path}" in EXPLICIT_UNKNOWN

    @property
    def names(self) -> list[str]:
        return [*self.numbers, *([] if UNKNOWN in self.numbers else [UNKNOWN])]


@dataclass
class Field:
    """``of`` is the enum or message. ``key`` is set for a map, whose values the rest describes."""

    name: str
    number: int
    kind: str
    label: str  # required, optional, repeated
    default: str
    of: Enum | Message | None = None
    key: str | None = None
    oneof: str | None = None

    @property
    def wire_type(self) -> int:
        if self.key is not None:
            return 2
        return 1 if self.kind == "double" else 0 if self.kind in _VARINTS else 2

    @property
    def tag(self) -> int:
        return self.number << 3 | self.wire_type

    @property
    def enum(self) -> Enum:
        assert isinstance(self.of, Enum)
        return self.of

    @property
    def message(self) -> Message:
        assert isinstance(self.of, Message)
        return self.of

    @property
    def singular(self) -> bool:
        return self.label != "repeated"


@dataclass
class Message:
    """A message of a `.proto` file, with the messages and enums inside it."""

    module: str
    path: str
    fields: list[Field] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deep: bool = False
    """It may hold a message of its own kind, however far down, or one that does."""

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def walk(self) -> Iterator[Message]:
        """Itself, and all that are declared within, those first."""
        for inner in self.messages:
            yield from inner.walk()
        yield self


@dataclass
class Module:
    """One `.proto` file: ``title`` is its first line."""

    name: str
    title: str
    enums: list[Enum] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def walk(self) -> Iterator[Message]:
        for message in self.messages:
            yield from message.walk()


def descriptors() -> descriptor_pb2.FileDescriptorSet:
    """Raises `NotSupported` when protoc refuses a file; it has said why on standard error."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "set"
        files = [path.name for path in sorted(PROTO.glob("*.proto"))]
        if protoc.main(["protoc", f"-I{PROTO}", f"--descriptor_set_out={out}", *files]) != 0:
            raise NotSupported(f"protoc (grpcio-tools {version('grpcio-tools')}) refuses what is in {PROTO}")
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


def read() -> list[Module]:
    """All modules by name."""
    files = sorted(descriptors().file, key=lambda file: file.name)
    known: dict[str, Enum | Message] = {}
    modules = [_declare(file, known) for file in files]
    for file in files:
        for message in file.message_type:
            _fill(f".{file.package}", message, known)
    _mark_deep([message for module in modules for message in module.walk()])
    return modules


def _declare(file: descriptor_pb2.FileDescriptorProto, known: dict[str, Enum | Message]) -> Module:
    name = file.name.removesuffix(".proto")
    title = (PROTO / file.name).read_text().partition("\n")[0].removeprefix("//").strip()

    def enum(prefix: str, path: str, one: descriptor_pb2.EnumDescriptorProto) -> Enum:
        made = Enum(name, path + one.name, {value.name: value.number for value in one.value})
        known[f"{prefix}.{one.name}"] = made
        return made

    def message(prefix: str, path: str, one: descriptor_pb2.DescriptorProto) -> Message:
        made = known[f"{prefix}.{one.name}"] = Message(name, path + one.name)
        inner = f"{prefix}.{one.name}"
        made.enums = [enum(inner, f"{made.path}.", item) for item in one.enum_type]
        made.messages = [message(inner, f"{made.path}.", item) for item in one.nested_type if not _is_map(item)]
        return made

    package = f".{file.package}"
    return Module(
        name,
        title,
        [enum(package, "", one) for one in file.enum_type],
        [message(package, "", one) for one in file.message_type],
    )


def _is_map(message: descriptor_pb2.DescriptorProto) -> bool:
    return bool(message.options.map_entry)


def _fill(prefix: str, message: descriptor_pb2.DescriptorProto, known: dict[str, Enum | Message]) -> None:
    path = f"{prefix}.{message.name}"
    made = known[path]
    assert isinstance(made, Message)
    maps = {f"{path}.{item.name}": item for item in message.nested_type if _is_map(item)}
    made.fields = [_field(message, one, maps, known) for one in message.field]
    for item in message.nested_type:
        if not _is_map(item):
            _fill(path, item, known)


def _field(
    message: descriptor_pb2.DescriptorProto,
    one: descriptor_pb2.FieldDescriptorProto,
    maps: dict[str, descriptor_pb2.DescriptorProto],
    known: dict[str, Enum | Message],
) -> Field:
    label = {1: "optional", 2: "required", 3: "repeated"}[one.label]
    oneof = message.oneof_decl[one.oneof_index].name if one.HasField("oneof_index") else None
    value, key = one, None
    if (entry := maps.get(one.type_name)) is not None:
        key, value = _KINDS[entry.field[0].type], entry.field[1]
        if key != "string":
            raise NotSupported(f"the keys of {message.name}.{one.name} are no strings")
    kind = _KINDS.get(value.type)
    if kind is None:
        raise NotSupported(f"{message.name}.{one.name} has a type that no message of Mesos v1 has")
    if key is not None and kind not in ("string", "message"):
        raise NotSupported(f"the values of {message.name}.{one.name} are neither strings nor messages")
    of = known[value.type_name] if value.type_name else None
    return Field(one.name, one.number, kind, label, one.default_value, of, key, oneof)


def _mark_deep(messages: list[Message]) -> None:
    below: dict[int, set[int]] = {}

    def reach(message: Message) -> set[int]:
        seen: set[int] = set()
        todo = [message]
        while todo:
            for one in todo.pop().fields:
                if one.kind == "message" and id(one.message) not in seen:
                    seen.add(id(one.message))
                    todo.append(one.message)
        return seen

    for message in messages:
        below[id(message)] = reach(message)
    turning = {one for one, reached in below.items() if one in reached}
    for message in messages:
        message.deep = id(message) in turning or bool(turning & below[id(message)])
