"""Kinds of values that flags have: how the text of each is read, and how it is written. Durations are seconds."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from dcos_runtime.wire import acls, codec
from dcos_runtime.wire.common import DomainInfo, DurationInfo
from dcos_runtime.wire.containers import CapabilityInfo, Image
from dcos_runtime.wire.roles import role_error

T = TypeVar("T")

LAST_PORT = 65535


@dataclass(frozen=True)
class ValueType(Generic[T]):
    """``parse`` turns a text into the value and raises ``ValueError`` with what was expected; ``text`` turns it back.

    ``name`` is what docs and help call it. A ``switch`` is true when it is given without a value, and false with
    ``no-`` in front. The value of a ``path`` is a file's name: as in Mesos it may be written with ``file://`` in front,
    which elsewhere stands for what that file holds. ``shown``: what may be shown of the value of a secret flag; None:
    nothing.
    """

    name: str
    parse: Callable[[str], T]
    text: Callable[[T], str] = str
    switch: bool = False
    path: bool = False
    shown: Callable[[T], str] | None = None


def without_credentials(text: str) -> str:
    """The text without the user and password of a URL: these end at the last @, whatever they hold. Between the URLs
    of a list, what is shown is lost, too: a password may look like any of it.
    """
    return re.sub(r"//.*@", "//***@", text, flags=re.DOTALL)


def public_url(text: str) -> str:
    if "@" in text:
        raise ValueError(
            "a URL that is reported to others has neither a user nor a password; write %40 for an @ in its path"
        )
    return with_good_port(text)


def with_good_port(url: str) -> str:
    """The URL. Raises ``ValueError`` for a port that nothing can listen on."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("an address in a URL is written [2001:db8::1]") from None
    _, colon, digits = parts.netloc.rpartition("@")[2].rpartition(":")
    if colon and not digits.endswith("]"):
        reached_port(digits)
    return url


def registry(text: str) -> str:
    """``host:port`` of a registry of images, with the path in front of its names if it has one."""
    if not re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/[A-Za-z0-9._/-]*)?", text):
        raise ValueError("expected host:port")
    with_good_port(f"//{text}")
    return text


def utf8(given: str) -> str:
    """The text. Raises ``ValueError`` when it came as bytes that are not UTF-8: state, messages and the API could not
    hold it.
    """
    if not any("\ud800" <= letter <= "\udfff" for letter in given):
        return given
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        raise ValueError(f"this process reads {encoding} only, and this is none; start it with LC_ALL=C.UTF-8")
    raise ValueError("it is not UTF-8, and it is stored and shown as text; rename it, or give another")


def path(given: str) -> str:
    """The path of a file or folder. All of it has to be text that can be shown, with the working directory in front of
    a relative one.
    """
    whole = utf8(given)
    if not given.startswith("/"):
        try:
            here = str(Path.cwd())
        except OSError as error:
            raise ValueError(f"it is relative, and there is no working directory: {error.strerror}") from None
        try:
            whole = f"{utf8(here)}/{given}"
        except ValueError as error:
            raise ValueError(f"it begins in the working directory {here!r}: {error}") from None
    if not whole.isprintable():
        raise ValueError(f"{whole!r} holds characters that cannot be shown; rename it, or give another")
    return given


TEXT = ValueType("text", str)
PATH = ValueType("path", path)
FILE = ValueType("file", path, path=True)
ZK_URL = ValueType("text", str, shown=without_credentials)
"""A URL that may hold a user and a password: secret, and shown without them."""
PUBLIC_URL = ValueType("text", public_url)
REGISTRY = ValueType("registry", registry)


# --- numbers ---------------------------------------------------------------------------------------------------------


def boolean(text: str) -> bool:
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise ValueError("expected true or false")


def port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 <= int(text) <= LAST_PORT:
        raise ValueError(f"expected a port, 0 to {LAST_PORT}")
    return int(text)


def reached_port(text: str) -> int:
    """A port that a connection is made to, or that is reported to others: not 0, which stands for any free one."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= LAST_PORT:
        raise ValueError(f"expected a port, 1 to {LAST_PORT}")
    return int(text)


def number(low: float, high: float) -> Callable[[str], float]:
    """A parser for a number between ``low`` and ``high``, both included."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", text):
            raise ValueError("expected a number")
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}")
        return value

    return parse


def whole(low: int, high: int, unit: str = "") -> ValueType[int]:
    counted = f"a whole number of {unit}" if unit else "a whole number"

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"expected {counted} from {low} to {high}")
        return int(text)

    return ValueType("number", parse)


BOOLEAN = ValueType("true or false", boolean, lambda value: "true" if value else "false", switch=True)
PORT = ValueType("port", port)
REACHED_PORT = ValueType("port", reached_port)
FRACTION = ValueType("fraction", number(0, 1), "{:g}".format)
COUNT = whole(0, 999_999_999)


# --- durations and sizes ---------------------------------------------------------------------------------------------

UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "secs": 1.0,
    "mins": 60.0,
    "hrs": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
}
BYTES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def duration(text: str) -> float:
    """A duration as Mesos writes them (``10secs``, ``1.5mins``) in seconds."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-z]+)", text)
    if not match or match[2] not in UNITS:
        raise ValueError(f"expected a number with one of {', '.join(UNITS)}, such as 10secs")
    return float(match[1]) * UNITS[match[2]]


def _lasting(text: str) -> float:
    seconds = duration(text)
    if seconds <= 0:
        raise ValueError("must be greater than zero")
    return seconds


def duration_text(seconds: float) -> str:
    """A duration as Mesos prints it: in the largest unit that leaves a whole number."""
    nanoseconds = round(seconds * 1e9)
    for unit in ("weeks", "days", "hrs", "mins", "secs", "ms", "us"):
        size = round(UNITS[unit] * 1e9)
        if nanoseconds and nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"


def duration_within(low: str, high: str) -> ValueType[float]:
    """A duration between two others, both included."""

    def parse(text: str) -> float:
        try:
            seconds = duration(text)
        except ValueError:
            seconds = -1.0
        if not duration(low) <= seconds <= duration(high):
            raise ValueError(f"expected a time from {low} to {high}, with its unit: 15secs, 2mins, 1hrs")
        return seconds

    return ValueType("duration", parse, duration_text)


def duration_or(unit: str, low: float, high: float) -> ValueType[float]:
    """A duration between ``low`` and ``high`` seconds. A number without a unit is so many of ``unit``: Marathon, and
    so its users, write milliseconds without saying so.
    """

    def parse(text: str) -> float:
        if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
            seconds = float(text) * UNITS[unit]
        else:
            seconds = duration(text)
        if not low <= seconds <= high:
            raise ValueError(f"expected a duration from {duration_text(low)} to {duration_text(high)}")
        return seconds

    return ValueType(f"duration, or a number of {unit}", parse, duration_text)


def size(text: str) -> int:
    """A size as Mesos writes them (``2GB``) in bytes."""
    match = re.fullmatch(r"([0-9]+)([A-Z]+)", text)
    if not match or match[2] not in BYTES:
        raise ValueError(f"expected a whole number with one of {', '.join(BYTES)}, such as 2GB")
    return int(match[1]) * BYTES[match[2]]


def size_text(value: int) -> str:
    """A size in MiB (`MB`) where that is a whole number, as Mesos' users write them."""
    return f"{value // BYTES['MB']}MB" if value % BYTES["MB"] == 0 else f"{value}B"


def sizes(least: int) -> ValueType[int]:
    """Sizes of ``least`` bytes or more."""

    def parse(text: str) -> int:
        value = size(text)
        if value < least:
            raise ValueError(f"expected {f'{least >> 20}MB' if least >> 20 else f'{least >> 10}KB'} or more")
        return value

    return ValueType("size", parse, size_text)


@dataclass(frozen=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: float


def rate(text: str) -> Rate:
    """A rate as Mesos writes them: ``1/10mins``, ``2/3hrs``."""
    count, _, span = text.partition("/")
    try:
        found = Rate(int(count) if count.isascii() and count.isdigit() else 0, duration(span))
    except ValueError:
        found = Rate(0, 0.0)
    if found.count < 1 or found.seconds <= 0:
        raise ValueError("expected a number above 0 and a duration above 0, such as 1/10mins")
    return found


RATE = ValueType("rate", rate, lambda value: f"{value.count}/{duration_text(value.seconds)}")
DURATION = ValueType("duration", duration, duration_text)
LASTING = ValueType("duration above 0", _lasting, duration_text)
SIZE = ValueType("size", size, size_text)


# --- names, addresses, folders ---------------------------------------------------------------------------------------


def ipv4(text: str) -> str:
    return str(ipaddress.IPv4Address(text))


def bridge(text: str) -> str:
    """The addresses of a bridge and of the containers behind it."""
    network = ipaddress.IPv4Network(text)
    if network.prefixlen > 29:
        raise ValueError("expected a network with room for some containers, with a prefix of 29 bits at the most")
    return str(network)


def addresses(text: str) -> tuple[str, ...]:
    """``198.18.0.11,198.18.0.12``."""
    return tuple(str(ipaddress.ip_address(part.strip())) for part in text.split(",") if part.strip())


def names(text: str) -> tuple[str, ...]:
    """``spark,jenkins``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str) -> tuple[int, ...]:
    """``0,1``: whole numbers, each once."""
    found = names(text)
    if not all(re.fullmatch("[0-9]{1,5}", part) for part in found) or len({int(part) for part in found}) < len(found):
        raise ValueError("expected whole numbers, each once, with commas between them, such as 0,1")
    return tuple(int(part) for part in found)


def url_paths(text: str) -> tuple[str, ...]:
    """``/state,/metrics/snapshot``."""
    found = tuple(part.rstrip("/") for part in names(text))
    if not all(part.startswith("/") and len(part) > 1 for part in found):
        raise ValueError("expected paths with a slash in front, separated by commas, such as /state,/metrics/snapshot")
    return found


def folder(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("expected an absolute path")
    return path(text)


def folders(text: str) -> tuple[Path, ...]:
    return tuple(Path(folder(part)) for part in text.split(":"))


def cgroup(text: str) -> str:
    if not text or ".." in text.split("/") or any(character.isspace() for character in text):
        raise ValueError("expected the path of a cgroup, such as mesos")
    return path(f"/{text}")[1:]


def choice(*allowed: str) -> ValueType[str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return text

    return ValueType(" or ".join(f"`{one}`" for one in allowed), parse)


_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING", "error": "ERROR"}


def level(text: str) -> str:
    """The level of logging, as `logging` names it."""
    if text.lower() not in _LEVELS:
        raise ValueError(f"expected one of {', '.join(_LEVELS)}")
    return _LEVELS[text.lower()]


ADDRESS = ValueType("IPv4 address", ipv4)
BRIDGE_NETWORK = ValueType("IPv4 network", bridge)
ADDRESSES = ValueType("addresses", addresses, ",".join)
NAMES = ValueType("names", names, ",".join)
NUMBERS = ValueType("numbers", numbers, lambda value: ",".join(str(one) for one in value))
URL_PATHS = ValueType("paths", url_paths, ",".join)
FOLDER = ValueType("absolute path", folder)
FOLDERS = ValueType("folders", folders, lambda value: ":".join(str(one) for one in value))
CGROUP = ValueType("cgroup", cgroup)
LEVEL = ValueType("level", level)


# --- ports that are kept, ids of project quotas ----------------------------------------------------------------------

Ranges = tuple[tuple[int, int], ...]
"""Sorted ranges that neither meet nor overlap, both ends included."""

LAST_PROJECT = 2**32 - 1
"""The number that the kernel reads as "no id"."""


def merged(parts: Iterable[tuple[int, int]]) -> Ranges:
    """Any ranges, in order, without overlaps."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def port_ranges(text: str) -> Ranges:
    """``2181,5049-5052``, with or without brackets; empty: none."""
    found = []
    for part in text.strip().removeprefix("[").removesuffix("]").split(","):
        if not part.strip():
            continue
        match = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", part)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= low <= high <= LAST_PORT:
            raise ValueError(
                f"expected ports and ranges from 1 to {LAST_PORT}, such as 2181,5049-5052; got {part.strip()!r}"
            )
        found.append((low, high))
    return merged(found)


def port_ranges_text(some: Ranges) -> str:
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in some)


def project_range(text: str) -> tuple[int, int]:
    """``100000-165535``, with or without brackets: the first and the last."""
    match = re.fullmatch(r"\s*\[?\s*([0-9]{1,10})\s*-\s*([0-9]{1,10})\s*\]?\s*", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= first <= last < LAST_PROJECT:
        raise ValueError(f"expected two numbers from 1 to {LAST_PROJECT - 1}, such as 100000-165535")
    return first, last


PORT_RANGES = ValueType("ports", port_ranges, port_ranges_text)
PROJECT_RANGE = ValueType("range", project_range, lambda value: f"{value[0]}-{value[1]}")


# --- resources and roles ---------------------------------------------------------------------------------------------


def role_name(text: str) -> str:
    if error := role_error(text):
        raise ValueError(error)
    return text


def weights(text: str) -> Mapping[str, float]:
    """``role=weight,role=weight``."""
    found = {}
    for item in filter(None, text.split(",")):
        role, equals, weight = item.partition("=")
        if not equals or not role:
            raise ValueError("expected role=weight,role=weight")
        role_name(role)
        found[role] = number(1e-6, 1e6)(weight)
    return found


Minimums = tuple[Mapping[str, float], ...]
MOST_OF_A_RESOURCE = 10.0**12
"""The largest amount of a resource that `core.resources` takes."""


def minimums(text: str) -> Minimums:
    """``cpus:0.01|mem:32``: sets of amounts of resources."""
    found: list[Mapping[str, float]] = []
    for option in filter(None, text.split("|")):
        quantities = {}
        for item in option.split(";"):
            name, colon, amount = item.partition(":")
            if not colon or not name:
                raise ValueError("expected cpus:0.01|mem:32")
            quantities[name.strip()] = number(0, MOST_OF_A_RESOURCE)(amount)
        found.append(quantities)
    return tuple(found)


def minimums_text(value: Minimums) -> str:
    return "|".join(";".join(f"{name}:{amount:.15g}" for name, amount in option.items()) for option in value)


ROLE = ValueType("role", role_name)
WEIGHTS = ValueType("weights", weights, lambda value: ",".join(f"{role}={weight:g}" for role, weight in value.items()))
MINIMUMS = ValueType("amounts", minimums, minimums_text)


# --- JSON ------------------------------------------------------------------------------------------------------------


def variables(text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('expected a JSON object of strings such as {"TZ": "UTC"}')
    return found


def domain(text: str) -> DomainInfo:
    try:
        return codec.decode(text.encode(), DomainInfo)
    except codec.DecodeError as error:
        raise ValueError(f"not a DomainInfo as JSON: {error}") from None


def capabilities(text: str) -> CapabilityInfo:
    try:
        found = codec.decode(text.encode(), CapabilityInfo)
    except codec.DecodeError as error:
        raise ValueError(f"not a CapabilityInfo as JSON: {error}") from None
    if CapabilityInfo.Capability.UNKNOWN in found.capabilities:
        raise ValueError("names a capability that is not known")
    return found


CapabilityNames = frozenset[CapabilityInfo.Capability]


def capability_names(text: str) -> CapabilityNames:
    """``NET_RAW,SYS_PTRACE``; empty: none."""
    if not text.strip():
        return frozenset()
    given = [part.strip() for part in text.split(",")]
    return frozenset(capabilities(json.dumps({"capabilities": given})).capabilities)


IMAGE_KINDS = ("appc", "docker")


def image_providers(text: str) -> frozenset[str]:
    """``docker,appc``; empty: none."""
    given = frozenset(part.strip() for part in text.split(",") if part.strip())
    if given - set(IMAGE_KINDS):
        raise ValueError(f"expected {' and '.join(IMAGE_KINDS)}, with commas between them, or nothing")
    return given


class ImageGc(msgspec.Struct, frozen=True, kw_only=True):
    """Mesos' ImageGcConfig."""

    image_disk_headroom: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    image_disk_watch_interval: DurationInfo | None = None
    excluded_images: list[Image] = []


def image_gc(text: str) -> ImageGc:
    try:
        return codec.decode(text.encode(), ImageGc)
    except codec.DecodeError as error:
        raise ValueError(f"not an ImageGcConfig as JSON: {error}") from None


def _json_text(value: object) -> str:
    return codec.encode(value).decode()


ACLS = ValueType("JSON", acls.read, acls.text_of)
VARIABLES = ValueType("JSON", variables, json.dumps)
DOMAIN = ValueType("JSON", domain, _json_text)
CAPABILITIES = ValueType("JSON", capabilities, _json_text)
CAPABILITY_NAMES = ValueType("names", capability_names, lambda value: ",".join(sorted(one.value for one in value)))
IMAGE_PROVIDERS = ValueType("names", image_providers, lambda value: ",".join(sorted(value)))
IMAGE_GC = ValueType("JSON", image_gc, _json_text)
