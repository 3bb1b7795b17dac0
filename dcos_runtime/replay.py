"""Run a recording through the real core: ``python -m dcos_runtime.replay FILE…``. Say where the effects differ.

Exit code 0: they are the same everywhere; 1: they differ; 2: a file cannot be read.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from dcos_runtime import __version__
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.recorder import HEAD, Opening, UnreadableRecording, cut_off, read
from dcos_runtime.core.runner import Core
from dcos_runtime.printing import exit_with

CORES = {name: f"dcos_runtime.{name}.core.recorded" for name in ("agent", "cosmos", "framework", "marathon", "master")}
"""By the name in a recording: the module with a core's events and effects, which makes a core from a snapshot."""

SHOWN = 10


class RecordedCore(Protocol):
    """The interface of the modules in `CORES`."""

    EVENT: Any
    EFFECT: Any

    def restored(self, seed: bytes, snapshot: bytes) -> Core[Any]: ...


def replay(data: bytes) -> tuple[Opening, int, list[str], bytes]:
    """One segment: its opening, how many events it has, where effects differ, and the core as it is at the end.

    Raises `UnreadableRecording`.
    """
    opening, entries = read(data)
    if opening.core not in CORES:
        raise UnreadableRecording(f"the recording is of {opening.core!r}; known are {', '.join(sorted(CORES))}")
    module: RecordedCore = importlib.import_module(CORES[opening.core])
    events = msgspec.msgpack.Decoder(module.EVENT)
    effects = msgspec.msgpack.Decoder(list[module.EFFECT])  # type: ignore[name-defined]  # a union that a module names
    encoder = msgspec.msgpack.Encoder()
    differences: list[str] = []
    with _readable(opening):
        core = module.restored(opening.seed, opening.snapshot)
    for number, entry in enumerate(entries, 1):
        with _readable(opening):
            event = events.decode(entry.event)
        error = ""
        try:
            done = core.receive(event, Now(entry.mono, entry.wall))
        except Exception as raised:
            done, error = core.take_effects(), type(raised).__name__
        with _readable(opening):
            same = encoder.encode(done) == bytes(entry.effects) and error == entry.error
        if not same:
            with _readable(opening):
                recorded = effects.decode(entry.effects)
            differences.append(_difference(number, event, recorded, done, entry.error, error))
    with _readable(opening):
        return opening, len(entries), differences, core.snapshot()


@contextlib.contextmanager
def _readable(opening: Opening) -> Iterator[None]:
    """For code that reads the recording, not for the core: an error that is raised there is the file's fault."""
    try:
        yield
    except Exception as error:
        raise UnreadableRecording(
            f"the recording is of software {opening.software}, this is {__version__}, and they know each other's events"
            f" no longer, or it was changed: {type(error).__name__}: {error}"
        ) from None


def _difference(number: int, event: Any, was: list[Any], now: list[Any], was_raised: str, raised: str) -> str:
    lines = [f"event {number}: {event!r}"]
    if was_raised != raised:
        lines.append(f"  raised {was_raised or 'nothing'}, now {raised or 'nothing'}")
    for at in range(max(len(was), len(now))):
        before, after = (effects[at] if at < len(effects) else None for effects in (was, now))
        if before != after:
            lines += [f"  effect {at + 1} was {before!r}", f"  {' ' * len(f'effect {at + 1}')} now {after!r}"]
    return "\n".join(lines)


def _segment(path: Path) -> bytes:
    """Raises ``OSError`` and `UnreadableRecording`, the latter also for what is no file, or endless."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnreadableRecording("this is not a regular file")
        head = file.read(HEAD)
        if cut_off(head) != len(head) or not any(head):  # before all of what may be large is read
            raise UnreadableRecording("this is no recording: it has no beginning")
        try:
            return head + file.read()
        except MemoryError:
            raise UnreadableRecording("this is no recording: it is larger than this machine's memory") from None


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m dcos_runtime.replay", description=__doc__)
    made.add_argument("files", nargs="+", metavar="FILE", type=Path, help="segments of a recording")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    outcome = 0
    for path in arguments.files:
        try:
            data = _segment(path)
            opening, count, differences, _ = replay(data)
        except (OSError, UnreadableRecording) as error:
            why = error.strerror if isinstance(error, OSError) else error
            print(f"{path}: {why}; name segments that --record has written, of this version", file=sys.stderr)
            outcome = 2
            continue
        if cut := cut_off(data):
            print(f"{path}: the last {cut} bytes hold no whole event: a crash or a power failure cut the recording off")
        head = f"{path}: {count} events of the {opening.core}, software {opening.software}: "
        if not differences:
            print(head + "the effects are the same")
            continue
        print(head + f"the effects of {len(differences)} events differ")
        print("\n".join(differences[:SHOWN]))
        outcome = outcome or 1
    return outcome


if __name__ == "__main__":
    exit_with(main)
