"""The whole state of a core as one value, and back: objects, arrays, and their references. All fields of an object are
included, without a list of fields that would have to be kept up to date. Only classes that the caller names are
included and made again, and no code of theirs runs. The items of a set are sorted, so that equal states give equal
bytes; those of a mapping keep their order.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import msgspec
import numpy as np

from dcos_runtime.core.resources import Kind, Resources, Thing
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.wire.base import Message

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_MAPPINGS: dict[str, type[Any]] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
_AMOUNTS = ("scalars", "ranges", "sets", "things")
_NOTHING: Mapping[Any, Any] = {}


class Unknown(TypeError):
    """The state holds, or the bytes name, a class that was not listed."""


def _refuse(value: Any) -> NoReturn:
    raise Unknown(f"{type(value).__qualname__} is no part of a snapshot")


_encode = msgspec.msgpack.Encoder(enc_hook=_refuse).encode


class Classes:
    """The classes that a snapshot may hold. ``left_out``: fields that are computed anew, with a placeholder for each.
    ``aside``: structs that are stored apart from the rest, so that `changed` can change them.
    """

    def __init__(
        self,
        classes: Iterable[type[Any]],
        left_out: Mapping[tuple[type[Any], str], Any] = _NOTHING,
        aside: Iterable[type[msgspec.Struct]] = (),
    ) -> None:
        self.aside = frozenset(aside)
        self.by_name: dict[str, type[Any]] = {}
        self._slots: dict[type[Any], tuple[str, ...]] = {}
        self.left_out: dict[type[Any], dict[str, Any]] = {}
        for (kind, field), value in left_out.items():
            self.left_out.setdefault(kind, {})[field] = value
        for kind in classes:
            if self.by_name.setdefault(name(kind), kind) is not kind:
                raise Unknown(f"two classes are called {name(kind)}")
            self._slots[kind] = _slots(kind)
        self._names = {kind: name for name, kind in self.by_name.items()}

    def check(self, value: Any) -> str:
        """The name of its class."""
        return self._names.get(type(value)) or _refuse(value)

    def fields(self, value: Any) -> list[str]:
        kind = type(value)
        left_out = self.left_out.get(kind, _NOTHING)
        return [name for name in (*self._slots[kind], *getattr(value, "__dict__", ())) if name not in left_out]


def name(kind: type[Any]) -> str:
    """The name of a class in a snapshot."""
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"


def _slots(kind: type[Any]) -> tuple[str, ...]:
    if issubclass(kind, msgspec.Struct):
        return tuple(kind.__struct_fields__)
    slots = (name for each in reversed(kind.__mro__) for name in vars(each).get("__slots__", ()))
    return tuple(name for name in slots if name not in ("__weakref__", "__dict__"))


def take(root: Any, classes: Classes, given: Mapping[str, Any] = _NOTHING) -> bytes:
    """Takes a snapshot. ``given``: objects that are not part of it, and are referred to by name. Raises `Unknown`."""
    taker = _Taker(classes, given)
    return _encode([taker.take(root), taker.objects(), taker.kinds(), taker.aside])


def changed(data: bytes, change: Callable[[str, list[Any]], None]) -> bytes:
    """The snapshot with changed ``aside`` structs: ``change`` gets the class and the fields of each."""
    *rest, aside = msgspec.msgpack.decode(data, type=tuple[msgspec.Raw, msgspec.Raw, msgspec.Raw, list[Any]])
    for kind, fields in aside:
        change(kind, fields)
    return _encode([*rest, aside])


def make(data: bytes, classes: Classes, given: Mapping[str, Any] = _NOTHING) -> Any:
    """Makes the objects of a snapshot again. Raises ``ValueError``, also for bytes that are not a snapshot."""
    try:
        root, objects, kinds, aside = msgspec.msgpack.decode(data)
        return _Maker(classes, given, objects, kinds, aside).make_all(root)
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no snapshot of this version: {type(error).__name__}: {error}") from error


class _Taker:
    """Objects are stored side by side and refer to each other by number, so deep nesting needs no recursion."""

    def __init__(self, classes: Classes, given: Mapping[str, Any]) -> None:
        self._classes = classes
        self._given = {id(value): name for name, value in given.items()}
        self._numbers: dict[int, int] = {}
        self._found: list[Any] = []
        self.aside: list[Any] = []
        self._aside: dict[int, int] = {}
        self._count = 0
        self._mutable: dict[int, int] = {}
        self._frozen: dict[bytes, int] = {}
        self._seen: dict[int, list[Any]] = {}  # for values that many objects hold: their numbers
        self._kinds: dict[Kind, int] = {}

    def kinds(self) -> list[Any]:
        return [kind.parts for kind in self._kinds]

    def objects(self) -> list[Any]:
        taken = []
        for value in self._found:  # the list grows during the loop
            fields = [[name, self.take(getattr(value, name))] for name in self._classes.fields(value)]
            taken.append([self._classes.check(value), fields])
        return taken

    def take(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind in self._classes.aside:
            return self._put_aside(value)
        if kind is list:
            return ["[", [self.take(item) for item in value]]
        if kind is tuple:
            return ["(", [item if type(item) in _PLAIN else self.take(item) for item in value]]
        if kind in (dict, OrderedDict, Counter):
            return ["{", kind.__name__, self._pairs(value)]
        if kind is set or kind is frozenset:
            return [kind.__name__, sorted((self.take(item) for item in value), key=_encode)]
        if kind is deque:
            return ["deque", value.maxlen, [self.take(item) for item in value]]
        if isinstance(value, enum.Enum):
            return self._once(value, lambda: ["E", self._classes.check(value), value.value])
        if kind is Kind:
            return ["K", self._kinds.setdefault(value, len(self._kinds))]
        if kind is Resources:
            return self._seen.get(id(value)) or self._resources(value)
        if kind is Thing:
            return ["T", self.take(value.kind), value.amount, value.principal, value.volume]
        if isinstance(value, np.ndarray):
            return self._same(value, lambda: ["A", *_packed(value)])
        if isinstance(value, np.generic):
            return ["N", value.dtype.str, value.item()]
        if kind is msgspec.Raw:
            return ["Raw", bytes(value)]
        if id(value) in self._given:
            return ["given", self._given[id(value)]]
        if kind is Timers:
            return ["Timers", self.take(value.entries())]
        if kind is Writes:
            return ["Writes", value.last, self.take(list(value))]
        if isinstance(value, Message):
            return ["W", self._classes.check(value), value]
        if isinstance(value, msgspec.Struct):
            return self._struct(value)
        return self._object(value)

    def _resources(self, value: Resources) -> list[Any]:
        """Stores each distinct value once; objects with the same value refer to it."""
        taken = self._equal(["R", [self._pairs(getattr(value, name)) for name in _AMOUNTS]])
        self._seen[id(value)] = ["again", taken[1]]
        return taken

    def _once(self, value: Any, taken: Callable[[], list[Any]]) -> list[Any]:
        found = self._seen.get(id(value))
        if found is None:
            found = self._seen[id(value)] = taken()
        return found

    def _put_aside(self, value: Any) -> list[Any]:
        number = self._aside.get(id(value))
        if number is None:
            number = self._aside[id(value)] = len(self.aside)
            seen, fields = self._seen, []
            for field in msgspec.structs.astuple(value):
                fields.append(field if type(field) in _PLAIN else seen.get(id(field)) or self.take(field))
            self.aside.append([self._classes.check(value), fields])
        return ["aside", number]

    def _struct(self, value: msgspec.Struct) -> list[Any]:
        def taken() -> list[Any]:
            return [
                "S",
                name,
                [field if type(field) in _PLAIN else self.take(field) for field in msgspec.structs.astuple(value)],
            ]

        name = self._classes.check(value)
        return self._equal(taken()) if value.__struct_config__.frozen else self._same(value, taken)

    def _pairs(self, mapping: Mapping[Any, Any]) -> list[Any]:
        return [[key if type(key) is str else self.take(key), self.take(item)] for key, item in mapping.items()]

    def _same(self, value: Any, taken: Callable[[], list[Any]]) -> list[Any]:
        """A mutable object that is referred to twice stays one object."""
        number = self._mutable.get(id(value))
        if number is not None:
            return ["again", number]
        number = self._mutable[id(value)] = self._next()
        return ["first", number, taken()]

    def _equal(self, taken: list[Any]) -> list[Any]:
        """An immutable value is written once."""
        data = _encode(taken)
        number = self._frozen.get(data)
        if number is not None:
            return ["again", number]
        number = self._frozen[data] = self._next()
        return ["first", number, taken]

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _object(self, value: Any) -> list[Any]:
        number = self._numbers.get(id(value))
        if number is None:
            self._classes.check(value)
            number = self._numbers[id(value)] = len(self._found)
            self._found.append(value)
        return ["@", number]


class _Maker:
    def __init__(
        self, classes: Classes, given: Mapping[str, Any], objects: list[Any], kinds: list[Any], aside: list[Any]
    ) -> None:
        self._classes = classes
        self._given = given
        self._taken = objects
        self._objects = [object.__new__(classes.by_name[name]) for name, _ in objects]
        self._values: dict[int, Any] = {}
        self._aside = aside
        self._made_aside: dict[int, Any] = {}
        self._kinds = [Kind.of(parts) for parts in kinds]

    def make_all(self, root: Any) -> Any:
        made = self.make(root)
        for one, (_, fields) in zip(self._objects, self._taken, strict=True):
            for name, value in self._classes.left_out.get(type(one), _NOTHING).items():
                object.__setattr__(one, name, value)
            for name, taken in fields:
                object.__setattr__(one, name, self.make(taken))
        return made

    def make(self, taken: Any) -> Any:
        if type(taken) is not list:
            return taken
        match taken:
            case ["@", number]:
                return self._objects[number]
            case ["[", items]:
                return [self.make(item) for item in items]
            case ["(", items]:
                return tuple([self.make(item) for item in items])
            case ["{", name, pairs]:
                return _MAPPINGS[name](self._pairs(pairs))
            case ["again", number]:
                return self._values[number]
            case ["first", number, one]:
                made = self._values[number] = self.make(one)
                return made
            case ["aside", number]:
                return self._from_aside(number)
            case ["S", name, fields]:
                return self._classes.by_name[name](*[self.make(field) for field in fields])
            case ["R", parts]:
                return Resources(*[self._pairs(part) for part in parts])
            case ["K", number]:
                return self._kinds[number]
            case ["T", kind, amount, principal, volume]:
                return Thing(self.make(kind), amount, principal, volume)
            case ["set", items]:
                return {self.make(item) for item in items}
            case ["frozenset", items]:
                return frozenset([self.make(item) for item in items])
            case ["deque", maxlen, items]:
                return deque([self.make(item) for item in items], maxlen)
            case ["A", kind, shape, data]:
                return _unpacked(np.dtype(kind), shape, data)
            case ["N", kind, value]:
                return np.dtype(kind).type(value)
            case ["E", name, value]:
                return self._classes.by_name[name](value)
            case ["W", name, value]:
                return msgspec.convert(value, self._classes.by_name[name])
            case ["Raw", data]:
                return msgspec.Raw(data)
            case ["given", name]:
                return self._given[name]
            case ["Timers", entries]:
                return Timers(self.make(entries))
            case ["Writes", last, waiting]:
                return Writes(last, self.make(waiting))
        raise Unknown(f"a snapshot has no {taken[:1]!r}")

    def _from_aside(self, number: int) -> Any:
        if number not in self._made_aside:
            name, fields = self._aside[number]
            self._made_aside[number] = self._classes.by_name[name](*[self.make(field) for field in fields])
        return self._made_aside[number]

    def _pairs(self, pairs: list[Any]) -> dict[Any, Any]:
        return {self.make(key): self.make(item) for key, item in pairs}


def _packed(array: np.ndarray[Any, Any]) -> tuple[str, tuple[int, ...], bytes]:
    if array.dtype.hasobject:
        raise Unknown("an array of objects is no part of a snapshot")
    data = np.packbits(array, axis=None) if array.dtype.kind == "b" else np.ascontiguousarray(array)
    return array.dtype.str, array.shape, data.tobytes()


def _unpacked(kind: np.dtype[Any], shape: list[int], data: bytes) -> np.ndarray[Any, Any]:
    if kind.kind == "b":
        count = int(np.prod(shape, dtype=np.int64))
        return np.unpackbits(np.frombuffer(data, np.uint8), count=count).astype(bool).reshape(shape)
    return np.frombuffer(data, kind).reshape(shape).copy()
