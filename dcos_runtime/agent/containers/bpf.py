"""BPF programs on a cgroup (bpf(2)), without a library: loads, attaches, finds and detaches them. Programs are attached
to the cgroup itself, and stay as long as the cgroup exists, even when the process that attached them ends. Each has a
name, and a tag: the kernel's digest of its instructions, by which a changed program is recognized.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

SYSCALLS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
"""The number of bpf(2) by machine."""

_LOAD, _ATTACH, _DETACH, _FD_BY_ID, _INFO_BY_FD, _QUERY = 5, 8, 9, 13, 15, 16
_CGROUP_SOCK_ADDR = 18
_ALLOW_MULTI, _REPLACE = 2, 4
_NAME = 15
_MOST = 64
"""The most programs that the kernel allows for one cgroup at one hook."""
_LOG = 1 << 16


class Hook(IntEnum):
    """Where a cgroup's program is called: before an address of this family is bound."""

    INET4_BIND = 8
    INET6_BIND = 9


class BpfError(OSError):
    """The kernel refused; ``strerror`` says what was tried."""


@dataclass(frozen=True)
class Attached:
    """A program as the kernel knows it. ``fd`` is open, and its holder's to close."""

    fd: int
    name: str
    tag: bytes


# --- instructions -----------------------------------------------------------------------------------------------------

RETURNED, CONTEXT, VALUE, KEPT = 0, 1, 2, 6
"""Registers: a program's result, its argument, one to work with, and one that calls leave alone."""


def instruction(code: int, *, to: int = 0, of: int = 0, offset: int = 0, value: int = 0) -> bytes:
    registers = to | of << 4 if sys.byteorder == "little" else to << 4 | of
    return struct.pack("=BBhi", code, registers, offset, value)


def load32(to: int, of: int, offset: int) -> bytes:
    return instruction(0x61, to=to, of=of, offset=offset)


def from_network16(register: int) -> bytes:
    """Turns a number of 16 bits in network byte order into the machine's."""
    return instruction(0xDC, to=register, value=16)


def skip_if_below(register: int, value: int, skip: int) -> bytes:
    """Skips ``skip`` instructions when the register is less than ``value``."""
    return instruction(0xA5, to=register, offset=skip, value=value)


def skip_if_above(register: int, value: int, skip: int) -> bytes:
    """Skips ``skip`` instructions when the register is more than ``value``."""
    return instruction(0x25, to=register, offset=skip, value=value)


def move(to: int, of: int) -> bytes:
    return instruction(0xBF, to=to, of=of)


def call(helper: int) -> bytes:
    """Calls a function of the kernel's with ``CONTEXT`` as its argument; the result is in ``RETURNED``, and registers 1
    to 5 are lost.
    """
    return instruction(0x85, value=helper)


def load64(to: int, value: int) -> bytes:
    """Two instructions."""
    low, high = struct.unpack("=ii", struct.pack("=II", value & 0xFFFFFFFF, value >> 32))
    return instruction(0x18, to=to, value=low) + instruction(0, value=high)


def skip_if_same(register: int, other: int, skip: int) -> bytes:
    """Skips ``skip`` instructions when both registers hold the same."""
    return instruction(0x1D, to=register, of=other, offset=skip)


def answer(value: int) -> bytes:
    return instruction(0xB7, to=RETURNED, value=value) + instruction(0x95)


# --- the system call --------------------------------------------------------------------------------------------------


def load(program: bytes, hook: Hook, name: str) -> Attached:
    """Loads a program into the kernel. Raises `BpfError`, with the end of the verifier's log, if any."""
    instructions = ctypes.create_string_buffer(program, len(program))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    log = ctypes.create_string_buffer(_LOG)

    def attributes(log_level: int) -> bytes:
        return struct.pack(
            "=IIQQIIQII16sII",
            *(_CGROUP_SOCK_ADDR, len(program) // 8),
            *(ctypes.addressof(instructions), ctypes.addressof(licence)),
            *((log_level, _LOG, ctypes.addressof(log)) if log_level else (0, 0, 0)),
            *(0, 0, name.encode()[:_NAME], 0, hook),
        )

    what = f"load a program for {hook.name}"
    try:
        fd = _call(_LOAD, attributes(0), what)
    except BpfError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise
        fd = _call(_LOAD, attributes(1), what, said=lambda: log.value.decode(errors="replace"))
    return _described(fd)


def attached(cgroup: int, hook: Hook) -> list[Attached]:
    """The programs that are attached to this cgroup at the hook, in order. ``cgroup`` is a descriptor of its folder.
    Raises `BpfError`.
    """
    identifiers = (ctypes.c_uint32 * _MOST)()
    attributes = ctypes.create_string_buffer(
        struct.pack("=IIIIQII", cgroup, hook, 0, 0, ctypes.addressof(identifiers), _MOST, 0)
    )
    _call(_QUERY, attributes, f"ask for the programs at {hook.name}")
    (count,) = struct.unpack_from("=I", attributes.raw, 24)
    found = []
    for identifier in list(identifiers)[:count]:
        try:
            found.append(_described(_call(_FD_BY_ID, struct.pack("=III", identifier, 0, 0), "open a program")))
        except BpfError as error:
            if error.errno != errno.ENOENT:  # detached in the meantime
                raise
    return found


def attach(cgroup: int, hook: Hook, program: Attached, instead_of: Attached | None = None) -> None:
    """Adds a program to those of the cgroup, or replaces another one in one step. Raises `BpfError`."""
    flags, other = (_ALLOW_MULTI, 0) if instead_of is None else (_ALLOW_MULTI | _REPLACE, instead_of.fd)
    _call(_ATTACH, struct.pack("=IIIII", cgroup, program.fd, hook, flags, other), f"attach a program to {hook.name}")


def detach(cgroup: int, hook: Hook, program: Attached) -> None:
    _call(_DETACH, struct.pack("=III", cgroup, program.fd, hook), f"detach a program from {hook.name}")


def _described(fd: int) -> Attached:
    info = ctypes.create_string_buffer(80)
    try:
        _call(_INFO_BY_FD, struct.pack("=IIQ", fd, len(info), ctypes.addressof(info)), "look at a program")
    except BpfError:
        os.close(fd)
        raise
    name = info.raw[64:80].rstrip(b"\0").decode(errors="replace")
    return Attached(fd, name, info.raw[8:16])


def _call(
    command: int, attributes: bytes | ctypes.Array[ctypes.c_char], what: str, said: Callable[[], str] = str
) -> int:
    number = SYSCALLS.get(platform.machine())
    if number is None:
        raise BpfError(errno.ENOSYS, f"cannot {what}: the number of bpf(2) on {platform.machine()} is not known here")
    buffer = ctypes.create_string_buffer(attributes, len(attributes)) if isinstance(attributes, bytes) else attributes
    result: int = _LIBC.syscall(
        ctypes.c_long(number), ctypes.c_int(command), ctypes.byref(buffer), ctypes.c_uint(ctypes.sizeof(buffer))
    )
    if result < 0:
        code = ctypes.get_errno()
        more = " ".join(said().split())[-300:]
        raise BpfError(code, f"cannot {what}: {os.strerror(code)}" + (f" ({more})" if more else ""))
    return result


_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
