"""Images, built or found: `ensure` returns the one asked for, from the cache when nothing that makes it has changed.

The cache is a folder an image, named by the digest of everything that is asked for: the definition, the host's package
sources, release and architecture, and the code that builds. A folder is complete or not there: builds happen beside
it and end in one rename, and whoever wants the same image meanwhile waits for the builder's lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_images import definition as definition_module
from dcos_images import steps as steps_module
from dcos_images.definition import ImageDefinition, Release, load_definition
from dcos_images.digest import tree_digest, tree_outline
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, cache_home, this_host
from dcos_images.sources import HostSources, read_sources, shown
from dcos_images.steps import BUILD_TREE, Job, package_versions

Note = Callable[[str], None]
"""Takes progress, a short sentence at a time."""

_SCHEMA = 1


@dataclass(frozen=True)
class Image:
    """A finished image. ``tree`` is its root directory, to be read only; ``digest`` is the tree's own."""

    key: str
    tree: Path
    digest: str
    release: Release
    arch: str
    packages: Mapping[str, str]


def ensure(
    name: str, *, host: BuildHost | None = None, cache: Path | None = None, note: Note = lambda text: None
) -> Image:
    """The image called ``name`` for this host, built now when the cache does not have it.

    Raises `ImageError`. An interrupted build leaves nothing that counts as an image.
    """
    wanted = load_definition(name)
    host = this_host() if host is None else host
    cache = cache_home() if cache is None else cache
    release = wanted.release(host.codename)
    sources = read_sources(host.codename, host.apt_dir)
    key = image_key(wanted, sources, host)
    if (found := _found(cache / key, release)) is not None and _is_whole(cache / key) is True:
        return found
    _can_build(name)
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _builder_lock(cache / f"{key}.lock", note):
        if (found := _found(cache / key, release)) is not None:
            if _is_still(cache / key):
                return found  # another builder was faster
            if _is_in_use(found.tree):
                raise ImageError(
                    f"the image {name!r} in the cache was altered after it was built, and machines run over it",
                    why=f"{found.tree} is not what was built; machines made over it now would differ from the others",
                    hint="destroy the clusters whose machines run on this host, then run again: it is built anew",
                )
            note(f"the image {name!r} in the cache was altered after it was built: building it anew")
        for ignored in sources.ignored:
            note(f"package source not used: {ignored}")
        _build(wanted, release, host, sources, cache / key, note)
    built = _found(cache / key, release)
    assert built is not None
    return built


def image_key(wanted: ImageDefinition, sources: HostSources, host: BuildHost) -> str:
    """The name of the image in the cache. Credentials in a source's address do not count."""
    asked = {
        "schema": _SCHEMA,
        "definition": wanted.digest(),
        "sources": [(shown(source.uri), source.suite, source.components) for source in sources.used],
        "release": host.codename,
        "arch": host.arch,
        "builder": _builder_digest(),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def _builder_digest() -> str:
    digest = hashlib.sha256()
    for module in (steps_module, definition_module):
        assert module.__file__
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()


def _found(entry: Path, release: Release) -> Image | None:
    try:
        record = json.loads((entry / "image.json").read_text())
        return Image(
            key=entry.name,
            tree=entry / "tree",
            digest=record["digest"],
            release=release,
            arch=record["arch"],
            packages=record["packages"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # not finished, or damaged: either way it is built


def _is_whole(entry: Path) -> bool | None:
    """Whether the tree is still what was built, by its outline. None: no outline was taken of it yet."""
    known = json.loads((entry / "image.json").read_text()).get("outline")
    try:
        return None if known is None else known == tree_outline(entry / "tree")
    except OSError:
        return False  # what is not there, or no folder, is not what was built


def _is_still(entry: Path) -> bool:
    """As `_is_whole`; a tree without an outline is read in whole once, and gets one. The builder's lock is held."""
    whole = _is_whole(entry)
    if whole is not None:
        return whole
    record = json.loads((entry / "image.json").read_text())
    try:
        if tree_digest(entry / "tree") != record["digest"]:
            return False
    except OSError:
        return False
    _write_record(entry, record | {"outline": tree_outline(entry / "tree")})
    return True


def _is_in_use(tree: Path) -> bool:
    """Whether a file system on this host is mounted over the tree."""
    layers = f"lowerdir={tree}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        options = line.rpartition(" ")[2].split(",")
        if any(option == layers or option.startswith(f"{layers}:") for option in options):
            return True
    return False


def _write_record(folder: Path, record: Mapping[str, object]) -> None:
    new = folder / ".image.json"
    new.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    new.replace(folder / "image.json")


def _can_build(name: str) -> None:
    if os.geteuid() != 0:
        raise ImageError(
            f"the image {name!r} is not in the cache, and only root can build it",
            why="a tree holds files of several owners",
            hint="run the same command as root",
        )
    missing = [tool for tool in ("mmdebstrap", "setpriv", "unshare", "dpkg-query") if shutil.which(tool) is None]
    if missing:
        raise ImageError(
            f"the image {name!r} cannot be built here",
            why=f"these commands are missing: {', '.join(missing)}",
            hint="install the Debian packages mmdebstrap and util-linux (make setup does it)",
        )


@contextlib.contextmanager
def _builder_lock(path: Path, note: Note) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("somebody else builds the same image: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(
    wanted: ImageDefinition, release: Release, host: BuildHost, sources: HostSources, entry: Path, note: Note
) -> None:
    for stale in entry.parent.glob(f".building-{entry.name}-*"):
        shutil.rmtree(stale)  # we hold the lock, so its builder is dead
    log_file = entry.parent / f"{entry.name}.log"
    log_file.write_bytes(b"")
    folder = Path(tempfile.mkdtemp(prefix=f".building-{entry.name}-", dir=entry.parent))
    folder.chmod(0o755)
    job = Job(definition=wanted, release=release, host=host, sources=sources, folder=folder, log_file=log_file)
    try:
        note(f"building the image {wanted.name!r}, which is done once and takes a minute or so")
        for title, step in BUILD_TREE:
            started = time.monotonic()
            step(job)
            note(f"{title}: {time.monotonic() - started:.1f} s")
        record = {
            "schema": _SCHEMA,
            "name": wanted.name,
            "release": host.codename,
            "arch": host.arch,
            "digest": tree_digest(job.tree),
            "outline": tree_outline(job.tree),
            "packages": package_versions(job),
            "sources": [f"{shown(source.uri)} {source.suite}" for source in sources.used],
            "ignored": list(sources.ignored),
        }
        _write_record(folder, record)
        if entry.exists():
            (entry / "image.json").unlink(missing_ok=True)  # from now on it is no image, whatever is left of it
            shutil.rmtree(entry)
        folder.rename(entry)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, ImageError) and not error.hint:
            error.hint = f"the whole log is {log_file}; check the host's package sources with apt-get update"
        raise
