"""Fetches a task's URIs into its sandbox, as the task's user, beside the agent. Standard library only; run by path.

The order comes as JSON through stdin (see `fetcher`). What is done is told on stderr, which is the sandbox's; the one
reason of a failure goes to stdout. Nothing is written outside the sandbox, whatever an archive or a name says.
"""

# Run by itself for every task that fetches: paths are strings here, and pathlib is not loaded.
# ruff: noqa: PTH101, PTH102, PTH103, PTH108, PTH112, PTH114, PTH115, PTH117, PTH118
# ruff: noqa: PTH120, PTH123, PTH211, T201

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import stat
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from typing import IO, Any

CHUNK = 1 << 20
TAR_ENDINGS = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
UNPACKERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class FetchError(Exception):
    """One URI could not be fetched. The text says why."""


class Budget:
    """How many bytes may still be written, over all URIs and all that comes out of archives."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise FetchError(f"more than {self.limit} bytes in all; --fetcher_max_size sets how much is allowed")


def main() -> int:
    order = json.load(sys.stdin)
    user = order["user"]
    if user is not None:
        os.setgroups(user["groups"])
        os.setgid(user["gid"])
        os.setuid(user["uid"])
    os.umask(0o022)
    os.chdir(order["sandbox"])
    budget = Budget(order["max_bytes"])
    for uri in order["uris"]:
        value = uri["value"]
        try:
            fetch(order, uri, budget)
        except (
            FetchError,
            OSError,
            tarfile.TarError,
            zipfile.BadZipFile,
            EOFError,
            ValueError,
            lzma.LZMAError,
        ) as error:
            why = f"{value}: {describe(error)}"
            say(f"Failed to fetch {why}")
            print(why)
            return 1
    return 0


def fetch(order: dict[str, Any], uri: dict[str, Any], budget: Budget) -> None:
    value = uri["value"]
    say(f"Fetching {value}")
    name = uri.get("output_file") or basename(value)
    target = place(name, "output_file" if uri.get("output_file") else "name")
    with source(order, value) as stream, create(target) as file:
        copy(stream, file, budget)
    if uri.get("executable"):
        os.chmod(target, 0o755)
    elif uri.get("extract", True):
        extract(target, name, budget)
    say(f"Fetched {value} to {name}")


def basename(value: str) -> str:
    path = urllib.parse.urlsplit(value).path if "://" in value else value
    name = urllib.parse.unquote(path.rstrip("/").rpartition("/")[2])
    if not name:
        raise FetchError("the URI names no file; give output_file")
    return name


def place(name: str, what: str) -> str:
    """The path for ``name`` inside the sandbox, its folders made. Refuses whatever leads outside, links included."""
    if not name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise FetchError(f"{what} {name!r} leads outside the sandbox")
    root = os.path.realpath(".")
    target = os.path.join(root, name)
    inside(root, os.path.dirname(target))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if name in ("stdout", "stderr"):
        raise FetchError(f"{what} {name!r} is the task's own output file")
    return target


def inside(root: str, path: str) -> None:
    real = os.path.realpath(path)
    if real != root and not real.startswith(root + "/"):
        raise FetchError(f"{path} leads outside the sandbox")


def create(target: str) -> IO[bytes]:
    """A new file; what was there under its name goes, and a link is never followed."""
    if os.path.lexists(target):
        if os.path.isdir(target) and not os.path.islink(target):
            raise FetchError(f"{target} is a folder")
        os.unlink(target)
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb")


def source(order: dict[str, Any], value: str) -> IO[bytes]:
    scheme = value.partition("://")[0].lower() if "://" in value else ""
    if scheme in ("http", "https"):
        return download(value, order["stall_seconds"])
    if scheme == "file":
        parts = urllib.parse.urlsplit(value)
        if parts.netloc not in ("", "localhost"):
            raise FetchError("a file URI has three slashes: file:///path")
        return local(order, urllib.parse.unquote(parts.path))
    if not scheme and value.startswith("/"):
        return local(order, value)
    if not scheme:
        raise FetchError("a relative path; give an absolute one, file:///path or http(s)://…")
    raise FetchError(f"{scheme}:// is not supported; give http(s)://, file:/// or an absolute path")


def download(value: str, stall_seconds: float) -> IO[bytes]:
    request = urllib.request.Request(value, headers={"User-Agent": "dcos-agent fetcher"})
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    response: IO[bytes] = opener.open(request, timeout=stall_seconds)
    return response


def local(order: dict[str, Any], path: str) -> IO[bytes]:
    """A file of this machine that the task may have.

    A task that runs as root inside its container is not root outside it: what not everybody may read stays here.
    """
    file = open(path, "rb")  # noqa: SIM115 — given to the caller, who closes it
    state = os.fstat(file.fileno())
    real = os.readlink(f"/proc/self/fd/{file.fileno()}")
    if not stat.S_ISREG(state.st_mode):
        raise FetchError("not a plain file")
    for hidden in order["hidden"]:
        if real == hidden or real.startswith(hidden.rstrip("/") + "/"):
            raise FetchError(f"{hidden} is not for tasks")
    if order["public_only"] and not state.st_mode & 0o004:
        raise FetchError("only files that everybody may read are fetched for tasks that run as root (chmod o+r it)")
    return file


def copy(stream: IO[bytes], file: IO[bytes], budget: Budget) -> None:
    while chunk := stream.read(CHUNK):
        budget.spend(len(chunk))
        file.write(chunk)


def extract(path: str, name: str, budget: Budget) -> None:
    """Unpacks a known kind of archive beside itself; leaves everything else alone."""
    root = os.path.realpath(".")
    folder = os.path.dirname(path)
    lower = name.lower()
    if lower.endswith(TAR_ENDINGS):
        say(f"Extracting {name}")
        with tarfile.open(path) as archive:
            for member in archive:
                extract_tar_member(archive, member, root, folder, budget)
    elif lower.endswith(".zip"):
        say(f"Extracting {name}")
        with zipfile.ZipFile(path) as zipped:
            for info in zipped.infolist():
                extract_zip_member(zipped, info, root, folder, budget)
    else:
        for ending, opener in UNPACKERS.items():
            if lower.endswith(ending) and len(lower) > len(ending):
                say(f"Extracting {name}")
                target = path[: -len(ending)]
                with opener(path, "rb") as stream, create(target) as file:
                    copy(stream, file, budget)


def extract_tar_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, root: str, folder: str, budget: Budget
) -> None:
    target = member_path(member.name, root, folder)
    if target is None:
        return
    mode = (member.mode & 0o777) | 0o600
    if member.isdir():
        if not os.path.isdir(target):
            os.mkdir(target)
        os.chmod(target, mode | 0o700)
    elif member.issym():
        if os.path.isabs(member.linkname):
            raise FetchError(f"{member.name} links to {member.linkname}, outside the sandbox")
        inside(root, os.path.join(os.path.dirname(target), member.linkname))
        if os.path.lexists(target):
            os.unlink(target)
        os.symlink(member.linkname, target)
    elif member.islnk():
        linked = member_path(member.linkname, root, folder)
        if linked is None or os.path.islink(linked):
            raise FetchError(f"{member.name} is a hard link to {member.linkname}, which is not a file of this archive")
        if os.path.lexists(target):
            os.unlink(target)
        os.link(linked, target, follow_symlinks=False)
    elif member.isreg():
        stream = archive.extractfile(member)
        if stream is None:
            raise FetchError(f"{member.name} cannot be read")
        with stream, create(target) as file:
            copy(stream, file, budget)
        os.chmod(target, mode)
    else:
        raise FetchError(f"{member.name} is a device or pipe, which an archive for a sandbox may not hold")


def extract_zip_member(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, root: str, folder: str, budget: Budget) -> None:
    target = member_path(info.filename, root, folder)
    if target is None:
        return
    mode = info.external_attr >> 16
    if info.is_dir():
        os.makedirs(target, exist_ok=True)
    elif stat.S_ISLNK(mode):
        to = zipped.read(info).decode()
        if os.path.isabs(to):
            raise FetchError(f"{info.filename} links to {to}, outside the sandbox")
        inside(root, os.path.join(os.path.dirname(target), to))
        if os.path.lexists(target):
            os.unlink(target)
        os.symlink(to, target)
    else:
        with zipped.open(info) as stream, create(target) as file:
            copy(stream, file, budget)
        os.chmod(target, (mode & 0o777 or 0o644) | 0o600)


def member_path(name: str, root: str, folder: str) -> str | None:
    """Where a member goes, its folder made; ``None`` for the archive's own root. Refuses what leads outside."""
    clean = os.path.normpath(name)
    if clean == ".":
        return None
    if os.path.isabs(name) or clean.split("/")[0] == ".." or "\0" in name:
        raise FetchError(f"{name} leads outside the sandbox")
    target = os.path.join(folder, clean)
    parent = os.path.dirname(target)
    inside(root, parent)
    os.makedirs(parent, exist_ok=True)
    if target in (os.path.join(root, "stdout"), os.path.join(root, "stderr")):
        raise FetchError(f"{name} would replace the task's own output file")
    return target


def describe(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, TimeoutError):
        return "it stalled"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}" + (f": {error.filename}" if error.filename else "")
    return str(error) or type(error).__name__


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
