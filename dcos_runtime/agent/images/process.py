"""Unpacks one layer beside the agent. Run by path.

The order is a line of JSON through stdin (`Order`), which stays open as long as the agent lives: the process ends with
it. The answer is a line of JSON on stdout: what `unpack.Unpacked` says, or ``failed`` with the reason. Before anything
of the archive is read the process locks itself into the store: a path that leads out of it leads nowhere.
"""

# ruff: noqa: PTH118, PTH120, PTH100, T201

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import lzma
import os
import resource
import subprocess
import sys
import tarfile
import threading
import zlib
from typing import IO, Any

if __name__ == "__main__":  # by path, without anything on sys.path but the standard library
    sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..")))

from pathlib import Path

from dcos_runtime.agent.fetching.errors import CHUNK, FetchError
from dcos_runtime.agent.fetching.process import end_with_the_agent
from dcos_runtime.agent.fetching.streams import tar_inside
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tree import Tree
from dcos_runtime.agent.images.unpack import Unpacked, unpack

MEMORY = 512 << 20
"""The most memory of the process: a header that asks for more ends it and does not harm the machine."""

LIBC = ctypes.CDLL(None, use_errno=True)

ZSTD = b"\x28\xb5\x2f\xfd"


def main() -> int:
    order = json.loads(sys.stdin.readline())
    threading.stack_size(256 << 10)
    threading.Thread(target=end_with_the_agent, args=(threading.Event(),), daemon=True).start()
    try:
        done = carry_out(order)
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        print(json.dumps({"failed": described(error), "full": full}), flush=True)
        return 1
    kept = None if done.kept is None else done.kept.decode("utf-8", "replace")
    print(json.dumps({"diff_id": done.diff_id, "size": done.size, "left_out": done.left_out, "kept": kept}), flush=True)
    return 0


def carry_out(order: dict[str, Any]) -> Unpacked:
    """``order``: ``store`` (absolute), ``blob`` ``target`` ``below`` (paths in it, ``below`` topmost first), ``digest``
    and ``length`` of the blob where they are known, ``limit`` in bytes; ``root`` and ``keep`` of an ACI.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.umask(0o022)
    os.chdir(order["store"])
    with open(order["blob"], "rb") as blob:  # noqa: PTH123
        if order["digest"] is not None:
            check(blob, order["digest"], order["length"])
        stream = tar_of(blob)
        os.chroot(".")
        tree = Tree(Path(order["target"]), [Path(path) for path in order["below"]])
        done = unpack(
            stream, tree, order["limit"], below=order["root"], keep=order["keep"], largest_kept=order["largest_kept"]
        )
        sync(order["target"])
    return done


def check(blob: IO[bytes], digest: str, length: int) -> None:
    """Nothing of a blob is looked at that is not what its digest says."""
    if (found := os.fstat(blob.fileno()).st_size) != length:
        raise ImageError(f"a layer has {found} bytes instead of {length}")
    measured = hashlib.sha256()
    while chunk := blob.read(CHUNK):
        measured.update(chunk)
    blob.seek(0)
    if f"sha256:{measured.hexdigest()}" != digest:
        raise ImageError(f"a layer is not what its digest says ({digest})")


def tar_of(blob: IO[bytes]) -> IO[bytes]:
    if os.pread(blob.fileno(), 4, 0) != ZSTD:
        return tar_inside(blob)
    argv = ["zstd", "--decompress", "--stdout", "--quiet", "--memory=134217728"]
    try:
        started = subprocess.Popen(argv, stdin=blob, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise ImageError("a layer is compressed by zstd, which is not installed on this agent") from None
    assert started.stdout is not None
    return started.stdout


def sync(folder: str) -> None:
    """All of the layer is on the disk before it counts."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    if LIBC.syncfs(descriptor):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), folder)
    os.close(descriptor)


def described(error: Exception) -> str:
    if isinstance(error, ImageError | FetchError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"a layer needs more memory than the {MEMORY >> 20} MiB that unpacking may take"
    if isinstance(error, tarfile.TarError | EOFError | zlib.error | lzma.LZMAError):
        return f"a layer is damaged: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"a layer cannot be unpacked: {error.strerror}"
    if isinstance(error, OSError):
        return f"a layer is damaged: {error}"
    return f"a layer cannot be read: {type(error).__name__}: {str(error)[:200]}"


if __name__ == "__main__":
    sys.exit(main())
