"""Locks: the exact packages of an image. apt resolves them; a lock contains no package source.

A lock is a file ``<image>.<release>.<architecture>.json``. The builder makes it when there is none and stores it:
without a new lock the result is the same image, whatever the mirrors contain meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from dcos_images.definition import ImageDefinition
from dcos_images.errors import CommandFailedError, ImageError
from dcos_images.files import write_whole
from dcos_images.host import BuildHost, apt_settings
from dcos_images.process import bound, run, shown
from dcos_images.sources import HostSources, offered_components
from dcos_images.store import DebStore, LockedPackage

_SCHEMA = 1
_RESOLVE_DEADLINE = 600.0
_FETCH_DEADLINE = 3600.0
FETCHING = "fetch-"
"""The prefix of folders into which packages are downloaded."""
_FILE = re.compile(r"(?P<name>[^_]+)_(?P<version>[^_]+)_(?P<arch>[^_]+)\.deb")
# What becomes a word of apt-get's command line, and a part of a file's name. Source: Debian Policy, 5.6.1 and 5.6.12.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+:~-]*")
_ARCH = re.compile(r"[a-z0-9][a-z0-9-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOT_FOUND = re.compile(r"Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate")


@dataclass(frozen=True)
class Lock:
    """The packages of one image for one release and architecture, in order of their names."""

    image: str
    release: str
    arch: str
    asked: str
    """The digest of the request: another list of packages makes the lock out of date."""
    packages: tuple[LockedPackage, ...]

    def contents(self) -> list[tuple[str, str, str, str]]:
        """The packages alone: locks of two images may have the same."""
        return [(one.name, one.version, one.arch, one.sha256) for one in self.packages]

    def digest(self) -> str:
        return hashlib.sha256(self.text().encode()).hexdigest()

    def text(self) -> str:
        plain = {"schema": _SCHEMA, **asdict(self)}
        return json.dumps(plain, indent=1, sort_keys=True) + "\n"


def asked_of(definition: ImageDefinition) -> str:
    """The part of a definition that a lock depends on."""
    asked = [sorted(definition.packages), sorted(definition.components)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def lock_file(folder: Path, name: str, host: BuildHost) -> Path:
    return folder / f"{name}.{host.codename}.{host.arch}.json"


def read_lock(path: Path) -> Lock:
    """The lock at ``path``. Raises `FileNotFoundError`, and `ImageError` when it cannot be read or is not a lock."""
    try:
        plain = json.loads(path.read_text())
        if not isinstance(plain, dict):
            raise ValueError("it is not a JSON object")
        if plain.pop("schema") != _SCHEMA:
            raise ValueError("it is of another version of this program")
        packages = tuple(LockedPackage(**one) for one in plain.pop("packages"))
        lock = Lock(packages=packages, **plain)
        if not all(isinstance(text, str) for text in (lock.image, lock.release, lock.arch, lock.asked)):
            raise ValueError("it does not say what it is the lock of")
        for one in packages:
            texts = (one.name, one.version, one.arch, one.sha256)
            if not all(isinstance(text, str) for text in texts) or not _DIGEST.fullmatch(one.sha256):
                raise ValueError(f"{one.name!r} has no sha256")
            named = (_NAME.fullmatch(one.name), _VERSION.fullmatch(one.version), _ARCH.fullmatch(one.arch))
            if not all(named) or type(one.size) is not int or one.size < 0:
                raise ValueError(f"{one.name!r} is not a package")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ImageError(
            f"the lock {path} cannot be read",
            why=error.strerror or str(error),
            hint="make it readable for the user that builds",
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ImageError(
            f"{path} is not a lock", why=str(error), hint="make a new one with dcos-installer image lock"
        ) from error
    return lock


def check_lock(lock: Lock, definition: ImageDefinition, host: BuildHost, path: Path) -> None:
    """Raises `ImageError` when the lock is not of this image, release and architecture, is out of date, or lacks one of
    the packages.
    """
    for what, said, wanted in (
        ("image", lock.image, definition.name),
        ("release", lock.release, host.codename),
        ("architecture", lock.arch, host.arch),
    ):
        if said != wanted:
            raise ImageError(
                f"{path} is the lock of another {what}",
                why=f"it is of {said!r}, not of {wanted!r}",
                hint="name the right lock",
            )
    if lock.asked != asked_of(definition):
        raise ImageError(
            f"{path} is out of date",
            why=f"the packages that the definition of {definition.name!r} asks for have changed since",
            hint=f"renew it with dcos-installer image lock {definition.name}",
        )
    if missing := not_locked(lock, definition):
        raise ImageError(
            f"{path} is not a lock of {definition.name!r}",
            why=f"the definition asks for {', '.join(missing)}, and it has no package of that very name",
            hint=f"renew it with dcos-installer image lock {definition.name}",
        )


def not_locked(lock: Lock, definition: ImageDefinition) -> list[str]:
    """The names in the definition that are of no package of the lock. Apt would find others for them."""
    locked = {one.name for one in lock.packages}
    return [name for name in definition.packages if name not in locked]


def check_writable(path: Path) -> None:
    """Raises `ImageError` when no lock can be written to ``path``: before the packages are asked for."""
    if not os.access(path.parent, os.W_OK | os.X_OK) or path.is_dir():
        raise _unwritable(path, "there is no such folder, or it cannot be written to")


def write_lock(lock: Lock, path: Path) -> None:
    """Writes a copy of the lock to ``path``. Raises `ImageError`."""
    try:
        write_whole(path, lock.text())
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _unwritable(path: Path, why: str) -> ImageError:
    return ImageError(
        f"no lock can be written to {path}", why=why, hint="name a file in a folder that you can write to"
    )


@dataclass(frozen=True)
class _Command:
    """``files`` are open ones that it reads."""

    argv: Sequence[str]
    files: Sequence[int]


@contextmanager
def _in_memory(text: str) -> Iterator[int]:
    """An open file in memory, which has no name."""
    with os.fdopen(os.memfd_create("dcos-apt"), "wb", buffering=0) as file:
        file.write(text.encode())
        yield file.fileno()


def _opened(descriptor: int) -> str:
    """What an open file is called by the process that has it."""
    return f"/proc/self/fd/{descriptor}"


class Apt:
    """apt in a folder of its own, with the host's sources and settings, independent of its installed packages."""

    def __init__(self, folder: Path, host: BuildHost, sources: HostSources, log_file: Path) -> None:
        self._folder = folder
        self._host = host
        self._sources = sources
        self._log = log_file

    def resolve(self, definition: ImageDefinition) -> Lock:
        """The newest packages for the image. Raises `ImageError`."""
        self._check_components(definition)
        with self._configured() as command:
            self._run(command, ["update"], "read the host's package sources", _RESOLVE_DEADLINE, definition)
            words = ["install", "--yes", "--print-uris", "--", "?essential", "apt", *definition.packages]
            printed = self._run(command, words, "find the image's packages", _RESOLVE_DEADLINE, definition)
        packages = tuple(sorted(_printed(printed)))
        if not packages:
            raise ImageError(
                "apt names no packages for the image",
                hint="see that apt-get on this machine can install packages",
                evidence=shown(printed),
            )
        return Lock(definition.name, self._host.codename, self._host.arch, asked_of(definition), packages)

    def fetch(self, packages: Sequence[LockedPackage], store: DebStore, work: Path) -> None:
        """Downloads packages into the store, through a folder below ``work``. Raises `ImageError`; the store stays
        consistent.
        """
        folder = Path(tempfile.mkdtemp(prefix=FETCHING, dir=work))
        try:
            with self._configured() as command:
                names = [f"{one.name}:{self._arch(one)}={one.version}" for one in packages]
                self._run(command, ["download", "--", *names], "fetch packages", _FETCH_DEADLINE, None, folder)
                for one in packages:
                    store.add(folder / one.file, one)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def update(self) -> None:
        """Updates the lists of the sources. Raises `ImageError`."""
        with self._configured() as command:
            self._run(command, ["update"], "read the host's package sources", _RESOLVE_DEADLINE, None)

    def _arch(self, package: LockedPackage) -> str:
        return self._host.arch if package.arch == "all" else package.arch

    def _check_components(self, definition: ImageDefinition) -> None:
        offered = offered_components(self._sources, self._host.codename)
        missing = [one for one in definition.components if one not in offered]
        if missing:
            raise ImageError(
                f"the image {definition.name!r} wants the component {', '.join(missing)} of Debian",
                why=f"the host's package sources for {self._host.codename} hold only {', '.join(sorted(offered))}",
                hint=f"add {' '.join(missing)} to their components in {self._host.apt_dir}, and run apt-get update",
            )

    @contextmanager
    def _configured(self) -> Iterator[_Command]:
        """The command apt-get with its sources and settings. These may hold a site's credentials: they are in memory
        alone, and gone with the process that has them open, however that ends.
        """
        for name in ("lists/partial", "cache/archives/partial", "etc/none"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        link = self._folder / "host.sources"  # how apt knows the format
        for stale in (link, self._folder / "apt.conf"):  # former versions kept them here
            stale.unlink(missing_ok=True)
        with _in_memory(self._sources.deb822()) as sources, _in_memory(self._settings(link)) as settings:
            link.symlink_to(_opened(sources))
            try:
                yield _Command(
                    bound("env", f"APT_CONFIG={_opened(settings)}", "apt-get", "--quiet"), (sources, settings)
                )
            finally:
                link.unlink()

    def _settings(self, sources: Path) -> str:
        values = {
            "Dir::Etc": self._folder / "etc",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": self._folder / "etc" / "none",
            "Dir::Etc::parts": self._folder / "etc" / "none",
            "Dir::Etc::main": self._folder / "etc" / "none" / "apt.conf",
            "Dir::Etc::preferencesparts": self._folder / "etc" / "none",
            "Dir::State": self._folder,
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Dir::Etc::trusted": self._host.apt_dir / "trusted.gpg",
            "Dir::Etc::trustedparts": self._host.apt_dir / "trusted.gpg.d",
            "APT::Architecture": self._host.arch,
            "APT::Architectures": self._host.arch,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::ForceHash": "SHA256",
            "Acquire::Languages": "none",
        }
        own = "".join(f'{name} "{value}";\n' for name, value in values.items())
        return own + apt_settings(self._host)

    def _run(
        self,
        command: _Command,
        words: Sequence[str],
        what: str,
        deadline: float,
        definition: ImageDefinition | None,
        folder: Path | None = None,
    ) -> str:
        try:
            return run(
                [*command.argv, *words],
                what=what,
                log_file=self._log,
                deadline=deadline,
                folder=folder,
                pass_fds=command.files,
            )
        except CommandFailedError as error:
            raise self._explained(error, definition) from error

    def _explained(self, error: CommandFailedError, definition: ImageDefinition | None) -> ImageError:
        """The error for apt's output of this run, with what happened and what to do."""
        said, host = error.said, self._host
        missing = sorted({name.rstrip(".") for found in _NOT_FOUND.findall(said) for name in found if name})
        if missing and definition is not None:
            return ImageError(
                f"there is no package {', '.join(missing)} for the image {definition.name!r}",
                why=f"no package source of this host has it for {host.codename}",
                hint=f"correct packages in {definition.name}/image.toml, or give the host a source that has it",
                evidence=error.evidence,
            )
        if definition is None and ("was not found" in said or "404" in said):
            return ImageError(
                "a locked package is neither in the store nor in the host's package sources",
                why="mirrors drop a version when there is a newer one",
                hint="lock again with dcos-installer image lock, or copy the package from a store that has it",
                evidence=error.evidence,
            )
        if "Failed to fetch" in said or "Could not resolve" in said or "Unable to connect" in said:
            return ImageError(
                "the host's package sources do not answer",
                why=error.why,
                hint="check them with apt-get update; what was fetched before is kept, so run the same command again",
                evidence=error.evidence,
            )
        return error


def _printed(text: str) -> Iterator[LockedPackage]:
    """The packages in the output of ``apt-get --print-uris``: address, file, size, digest a line."""
    for line in text.splitlines():
        if not line.startswith("'"):
            continue
        _, file, size, digest = line.rsplit(" ", 3)
        kind, _, sha256 = digest.partition(":")
        found = _FILE.fullmatch(file)
        if found is None or kind != "SHA256":
            raise ImageError(
                "apt names a package in an unknown way",
                why=shown(line),
                hint="report this to the makers of this program",
            )
        version = unquote(found["version"])
        yield LockedPackage(found["name"], version, found["arch"], sha256, int(size))
