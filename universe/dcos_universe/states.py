"""The publisher's states of revisions besides their files (``state.json``): yanked, deprecated, in which channel."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from dcos_universe.errors import UniverseError
from dcos_universe.index import durable
from dcos_universe.model import Json, Revision

FILE = "state.json"
"""The file beside ``packages/``."""

CHANNELS = ("candidate", "stable")
"""From the least trusted channel to the one that is built by default."""

_LARGEST = 16 << 20
_NAME = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LONGEST_REASON = 500
_NOTE = "DEPRECATED: "


class RevisionState(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The state of one revision. ``yanked`` and ``deprecated`` are reasons; no ``channel``: the most trusted one."""

    yanked: str | None = None
    deprecated: str | None = None
    channel: str | None = None


class _File(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename={"format_": "format"}):
    format_: int
    channels: tuple[str, ...] = CHANNELS
    packages: dict[str, dict[str, RevisionState]] = {}


class States:
    """All states of a source; a revision without one is not yanked, not deprecated, in the most trusted channel."""

    def __init__(
        self,
        states: Mapping[tuple[str, int], RevisionState] | None = None,
        channels: tuple[str, ...] = CHANNELS,
    ) -> None:
        self._states = dict(states or {})
        self.channels = channels

    def of(self, name: str, revision: int) -> RevisionState:
        return self._states.get((name, revision), RevisionState())

    def yanked(self, name: str, revision: int) -> str | None:
        """Why it is no longer in any ``repo-up-to-*`` (``universe.json`` keeps it); None if it is."""
        return self.of(name, revision).yanked

    def deprecated(self, name: str, revision: int) -> str | None:
        """Why it should not be installed any more."""
        return self.of(name, revision).deprecated

    def channel(self, name: str, revision: int) -> str:
        """The most trusted channel that it has reached."""
        return self.of(name, revision).channel or self.channels[-1]

    def in_channel(self, name: str, revision: int, channel: str) -> bool:
        """Whether the channel has it: a revision in a more trusted channel is in all less trusted ones, too.

        Raises `UniverseError` for a channel that the source does not have.
        """
        return self.channels.index(self.channel(name, revision)) >= self.channels.index(self.known(channel))

    def known(self, channel: str) -> str:
        """The channel itself. Raises `UniverseError` if the source has none of this name."""
        if channel not in self.channels:
            raise UniverseError(
                f"there is no channel {channel!r}",
                why=f"{FILE} has {', '.join(self.channels)}",
                hint=f'name one of these, or add it to "channels" in {FILE}, the least trusted first',
            )
        return channel

    def noted(self, revision: Revision) -> Json:
        """The revision's entry in files for clients: a deprecated one says so in its notes, which every client of every
        format shows before it installs, and is no longer recommended. The entry itself if there is nothing to add.
        """
        reason = self.deprecated(revision.name, revision.release_version)
        if reason is None:
            return revision.entry
        entry = dict(revision.entry)
        note = f"{_NOTE}{reason}"
        before = entry.get("preInstallNotes")
        notes: Json = {"preInstallNotes": f"{note}\n\n{before}" if before else note}
        if entry.get("selected"):
            notes["selected"] = False
        if "preInstallNotes" in entry:
            return {**entry, **notes}
        # In its usual place: among the keys of package.json, before the parts of other files.
        made: Json = {}
        for key, value in entry.items():
            if key == "releaseVersion":
                made |= notes
            made[key] = value
        return made

    def __iter__(self) -> Iterator[tuple[str, int, RevisionState]]:
        """All revisions with a state, by name and number."""
        for name, revision in sorted(self._states):
            yield name, revision, self._states[name, revision]

    def changed(self, name: str, revision: int, state: RevisionState) -> States:
        """The same with another state of one revision."""
        states = {**self._states, (name, revision): state}
        if state == RevisionState():
            del states[name, revision]
        return States(states, self.channels)

    def without(self, gone: Iterable[tuple[str, int]]) -> States:
        """The same without the states of these revisions."""
        names = set(gone)
        return States({key: state for key, state in self._states.items() if key not in names}, self.channels)

    def encoded(self) -> bytes:
        """The content of the file: sorted, ASCII, a line for each value."""
        packages: dict[str, dict[str, object]] = {}
        for name, revision, state in self:
            packages.setdefault(name, {})[str(revision)] = msgspec.to_builtins(state)
        whole: dict[str, object] = {"format": 1, "channels": list(self.channels), "packages": packages}
        return (json.dumps(whole, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def noted_reason(offered: Revision, kept: Revision) -> str | None:
    """Why the revision is deprecated: the text that `States.noted` added to the offered entry, and not to the one in
    ``universe.json``. None if it is not.
    """
    notes = offered.entry.get("preInstallNotes")
    if not isinstance(notes, str) or not notes.startswith(_NOTE) or notes == kept.entry.get("preInstallNotes"):
        return None
    reason = notes.removeprefix(_NOTE).partition("\n")[0]
    return None if _wrong_reason(reason) else reason


def read(source: Path) -> States:
    """The states in the folder that contains ``packages/``; none if there is no file.

    Raises `UniverseError` with the file and the place in it if it is invalid.
    """
    path = source / FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return States()
    except OSError as error:
        raise UniverseError(f"{path} cannot be read", why=error.strerror or str(error), hint=_HINT) from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UniverseError(f"{path} cannot be read", why="it is no regular file", hint=_HINT)
    with os.fdopen(descriptor, "rb") as file:
        if about.st_size > _LARGEST:
            raise UniverseError(f"{path} cannot be read", why=f"it has {about.st_size} bytes", hint=_HINT)
        return decoded(file.read(_LARGEST + 1), str(path))


_HINT = "state.json is written by dcos-universe yank, deprecate and promote; take the last good one, or remove it"


def decoded(content: bytes, where: str) -> States:
    """The states in the bytes of a state.json. ``where`` names them in an error (`UniverseError`)."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UniverseError(f"{where} is not understood", why=str(error), hint=_HINT) from error
    if file.format_ != 1:
        raise UniverseError(
            f"{where} is not understood",
            why=f"its format is {file.format_}, and this dcos-universe knows 1",
            hint="use the dcos-universe that wrote it, or a newer one",
        )
    wrong = list(_wrong(file))
    if wrong:
        raise UniverseError(f"{where} is not understood", why="; ".join(wrong[:5]), hint=_HINT)
    states = {(name, int(number)): one for name, those in file.packages.items() for number, one in those.items()}
    return States({key: one for key, one in states.items() if one != RevisionState()}, file.channels)


def _wrong(file: _File) -> Iterator[str]:
    if not file.channels or len(set(file.channels)) < len(file.channels):
        yield "$.channels: at least one, each once"
    for channel in file.channels:
        if not _CHANNEL.fullmatch(channel):
            yield f"$.channels: {channel!r} is no name of small letters, digits and hyphens"
    for name, revisions in file.packages.items():
        if not _NAME.fullmatch(name):
            yield f"$.packages: {name!r} is no name of a package"
        for number, state in revisions.items():
            place = f"$.packages.{name}.{number}"
            if not re.fullmatch(r"0|[1-9][0-9]{0,17}", number, re.ASCII):
                yield f"{place}: not the number of a revision"
            for reason in (state.yanked, state.deprecated):
                if reason is not None and (wrong := _wrong_reason(reason)):
                    yield f"{place}: {wrong}"
            if state.channel is not None and state.channel not in file.channels:
                yield f"{place}.channel: {state.channel!r} is not one of $.channels"


def _wrong_reason(reason: str) -> str:
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        return f"a reason has 1 to {_LONGEST_REASON} characters"
    if any(not 32 <= ord(character) < 127 for character in reason):
        return "a reason is one line of ASCII, as everything in a repository is"
    return ""


def checked_reason(reason: str) -> str:
    """The reason without blanks around it. Raises `UniverseError` if a repository could not contain it."""
    reason = reason.strip()
    if wrong := _wrong_reason(reason):
        raise UniverseError("the reason cannot be taken", why=wrong, hint='word it like --reason "loses data"')
    return reason


def change(source: Path, changed: Callable[[States], States]) -> States:
    """Replaces the states by the result of ``changed``, in one rename, and returns them. Two processes change them one
    after the other; without a change the file stays the same, byte for byte.
    """
    with alone(source):
        before = read(source)
        after = changed(before)
        if after.encoded() != before.encoded():
            durable.write(source / FILE, after.encoded())
    return after


@contextmanager
def alone(source: Path) -> Iterator[None]:
    """Meanwhile no other process changes the source: a lock on the folder itself, which leaves no file behind."""
    try:
        folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UniverseError(
            f"{source} is no folder of packages", why=error.strerror or str(error), hint="name the one with packages/"
        ) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
