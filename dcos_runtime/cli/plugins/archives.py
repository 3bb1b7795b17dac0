"""Unpacks untrusted zip archives: no file outside the folder, no link, no device, no unbounded size."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from dcos_runtime.cli.errors import CliError

MAX_FILES = 20_000
MAX_BYTES = 1024 * 1024 * 1024
_CHUNK = 256 * 1024


def members(content: bytes, what: str) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive and its files by their relative names. Raises `CliError` when the archive has an entry that is not
    allowed.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise CliError(f"{what} is not a zip archive: {error}") from error
    if len(infos) > MAX_FILES or sum(one.file_size for one in infos) > MAX_BYTES:
        raise CliError(f"{what} is too large: at most {MAX_FILES} files and {MAX_BYTES >> 20} MiB are unpacked")
    found: dict[str, zipfile.ZipInfo] = {}
    for one in infos:
        name = _relative(one.filename, what)
        if one.is_dir():
            continue
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise CliError(f"{what} holds {one.filename!r}, which is a link or device: not unpacked")
        if name in found:
            raise CliError(f"{what} holds {one.filename!r} twice: not unpacked")
        found[name] = one
    for name in found:
        for parent in Path(name).parents:
            if str(parent) in found:
                raise CliError(f"{what} holds {str(parent)!r} as a file and as a folder: not unpacked")
    return archive, found


def _relative(name: str, what: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or "\\" in name or "\0" in name or ":" in (parts or [""])[0] or ".." in parts or not parts:
        raise CliError(f"{what} holds {name!r}, which leads outside of it: not unpacked")
    return "/".join(parts)


def read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> Iterator[bytes]:
    """The content, of the size that the archive declares. Raises `CliError`."""
    left = member.file_size
    try:
        with archive.open(member) as file:
            while chunk := file.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise CliError(f"{what}: {member.filename!r} is larger than the archive says")
                yield chunk
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise CliError(f"{what} is damaged: {error}") from error


def unpack(content: bytes, folder: Path, what: str) -> None:
    """All of it into ``folder``, which is new. Programs in ``bin`` can be run."""
    archive, found = members(content, what)
    for name, member in found.items():
        path = folder / name
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in read(archive, member, what):
                file.write(chunk)
        executable = name.startswith("bin/") or (member.external_attr >> 16) & 0o111
        path.chmod(0o755 if executable else 0o644)
